package azure_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestOpen(t *testing.T) {
	t.Setenv("OTHER_KEY", "sk-singapore")
	vendortest.Opens(t, azure.Open, map[string]embedding.Model{
		"azure:docs?model=text-embedding-3-small&dimensions=512&base_url=https://mine.openai.azure.com&key_env=OTHER_KEY": {
			Provider: "azure", ID: "docs", Dimensions: 512, Endpoint: "mine.openai.azure.com", Space: "openai/text-embedding-3-small@512"},
		"azure:docs?native_dimensions=512&base_url=https://mine.openai.azure.com&key_env=OTHER_KEY&api_version=2024-10-21": {
			Provider: "mine.openai.azure.com", ID: "docs", Dimensions: 512, Endpoint: "mine.openai.azure.com", Space: "mine.openai.azure.com/docs@512"},
	})
	t.Setenv(azure.EndpointVariable, "")
	vendortest.BadReferences(t, azure.Open, embedding.Invalid, map[string]string{
		"azure:docs": "AZURE_OPENAI_ENDPOINT",
	})
}
