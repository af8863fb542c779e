package bedrockdialect_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/bedrock/bedrockdialect"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestDialect(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: bedrockdialect.New(),
		Model:   dialect.Model{Model: embedding.Model{ID: "cohere.embed-v4:0", Dimensions: 256}, Lengths: []int{256, 512}},
		Open: func(base string) (embedding.Embedder, error) {
			return bedrock.New(bedrock.Options{Model: "cohere.embed-v4:0", Dimensions: 256, Region: "us-east-1", BaseURL: base, Key: vendortest.Key})
		},
		Tasks: []embedding.Task{embedding.TaskDocument, embedding.TaskQuery, embedding.TaskClassification, embedding.TaskClustering},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Code: "ServiceUnavailableException", Words: "available", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 400, Code: "ValidationException", Words: "the cause"},
			embedding.Rejected:    {Status: 400, Code: "ValidationException", Words: "the cause", Read: embedding.Invalid},
			embedding.TooLarge:    {Status: 413, Code: "RequestEntityTooLargeException", Words: "the cause"},
			embedding.Auth:        {Status: 403, Code: "UnrecognizedClientException", Words: "security token"},
			embedding.RateLimited: {Status: 429, Code: "ThrottlingException", Words: "Too many requests"},
			embedding.Exhausted:   {Status: 400, Code: "ServiceQuotaExceededException", Words: "service quota"},
			embedding.Unavailable: {Status: 503, Code: "ServiceUnavailableException", Words: "available"},
			embedding.Malformed:   {Status: 502, Code: "ServiceUnavailableException", Words: "available", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 400, Code: "ValidationException", Words: "the cause", Read: embedding.Invalid},
		},
	})
}
