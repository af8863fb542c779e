package openaidialect_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaidialect"
)

func TestDialect(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: openaidialect.New(),
		Model:   dialect.Model{Model: embedding.Model{ID: "text-embedding-3-small", Dimensions: 1536}, Longest: 1536},
		Open: func(base string) (embedding.Embedder, error) {
			return openai.New(openai.Options{Model: "text-embedding-3-small", BaseURL: base + "/v1", Key: vendortest.Key, EncodingFormat: "base64"})
		},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Code: "server_error", Words: "overloaded", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 400, Code: "invalid_request_error", Words: "the cause"},
			embedding.Rejected:    {Status: 400, Code: "text_rejected", Words: "A text was rejected: the cause"},
			embedding.TooLarge:    {Status: 413, Code: "invalid_request_error", Words: "the cause"},
			embedding.Auth:        {Status: 401, Code: "invalid_api_key", Words: "Incorrect API key provided"},
			embedding.RateLimited: {Status: 429, Code: "rate_limit_exceeded", Words: "Rate limit reached"},
			embedding.Exhausted:   {Status: 402, Code: "insufficient_quota", Words: "exceeded your current quota"},
			embedding.Unavailable: {Status: 503, Code: "server_error", Words: "overloaded"},
			embedding.Malformed:   {Status: 502, Code: "server_error", Words: "overloaded", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 400, Code: "text_rejected", Words: "the cause", Read: embedding.Rejected},
		},
	})
}
