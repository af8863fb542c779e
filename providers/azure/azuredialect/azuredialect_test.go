package azuredialect_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/azure/azuredialect"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestDialect(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: azuredialect.New(),
		Model:   dialect.Model{Model: embedding.Model{ID: "text-embedding-3-small", Dimensions: 1536}, Name: "docs", Longest: 1536},
		Open: func(base string) (embedding.Embedder, error) {
			return azure.New(azure.Options{Deployment: "docs", Model: "text-embedding-3-small", Endpoint: base, Key: vendortest.Key})
		},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Code: "InternalServerError", Words: "Internal server error", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 400, Code: "BadRequest", Words: "the cause"},
			embedding.Rejected:    {Status: 400, Code: "content_filter", Words: "the cause"},
			embedding.TooLarge:    {Status: 413, Code: "RequestEntityTooLarge", Words: "the cause"},
			embedding.Auth:        {Status: 401, Words: "Access denied"},
			embedding.RateLimited: {Status: 429, Words: "rate limit of the deployment"},
			embedding.Exhausted:   {Status: 402, Code: "insufficient_quota", Words: "exceeded your current quota"},
			embedding.Unavailable: {Status: 503, Words: "temporarily unable"},
			embedding.Malformed:   {Status: 502, Code: "BadGateway", Words: "Bad gateway", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 400, Code: "content_filter", Words: "the cause", Read: embedding.Rejected},
		},
	})
}
