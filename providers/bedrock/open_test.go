package bedrock_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestOpen(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	t.Setenv("OTHER_KEY", "sk-singapore")
	vendortest.Opens(t, bedrock.Open, map[string]embedding.Model{
		"bedrock:eu.cohere.embed-v4:0?region=eu-west-1&dimensions=512&key_env=OTHER_KEY": {
			Provider: "bedrock", ID: "eu.cohere.embed-v4:0", Dimensions: 512, Endpoint: "bedrock-runtime.eu-west-1.amazonaws.com", Space: "bedrock/cohere.embed-v4:0@512", Variant: "input_type"},
	})
	vendortest.BadReferences(t, bedrock.Open, embedding.Invalid, map[string]string{
		"bedrock:amazon.titan-embed-text-v2:0": "AWS_REGION",
	})
	vendortest.BadReferences(t, bedrock.Open, embedding.Auth, map[string]string{
		"bedrock:amazon.titan-embed-text-v2:0?region=us-east-1": "AWS_ACCESS_KEY_ID",
	})
}
