package coheredialect_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/cohere"
	"github.com/vecspace/embedding/providers/cohere/coheredialect"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestDialect(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: coheredialect.New(),
		Model:   dialect.Model{Model: embedding.Model{ID: "embed-v4.0", Dimensions: 256}, Lengths: []int{256, 512}},
		Open: func(base string) (embedding.Embedder, error) {
			return cohere.New(cohere.Options{Model: "embed-v4.0", Dimensions: 256, BaseURL: base + "/v2", Key: vendortest.Key})
		},
		Tasks: []embedding.Task{embedding.TaskDocument, embedding.TaskQuery, embedding.TaskClassification, embedding.TaskClustering},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Words: "service unavailable", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 400, Words: "invalid request: the cause"},
			embedding.Rejected:    {Status: 498, Words: "a text was rejected: the cause"},
			embedding.TooLarge:    {Status: 413, Words: "the cause"},
			embedding.Auth:        {Status: 401, Words: "invalid api token"},
			embedding.RateLimited: {Status: 429, Words: "rate limit exceeded"},
			embedding.Exhausted:   {Status: 402, Words: "billing limit reached"},
			embedding.Unavailable: {Status: 503, Words: "service unavailable"},
			embedding.Malformed:   {Status: 502, Words: "service unavailable", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 498, Words: "rejected: the cause", Read: embedding.Rejected},
		},
	})
}
