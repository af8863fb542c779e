package jinadialect_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/jina"
	"github.com/vecspace/embedding/providers/jina/jinadialect"
)

func TestDialect(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: jinadialect.New(),
		Model:   dialect.Model{Model: embedding.Model{ID: "jina-embeddings-v3", Dimensions: 256}, Lengths: []int{256, 512}},
		Open: func(base string) (embedding.Embedder, error) {
			return jina.New(jina.Options{Model: "jina-embeddings-v3", Dimensions: 256, BaseURL: base + "/v1", Key: vendortest.Key})
		},
		Tasks: []embedding.Task{embedding.TaskDocument, embedding.TaskQuery, embedding.TaskSimilarity, embedding.TaskClassification, embedding.TaskClustering},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Code: "SERVICE_UNAVAILABLE", Words: "temporarily unavailable", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 400, Words: "the cause"},
			embedding.Rejected:    {Status: 400, Words: "Failed to encode text: the cause"},
			embedding.TooLarge:    {Status: 400, Words: "Batch size exceeds the limit"},
			embedding.Auth:        {Status: 401, Code: "AUTH_INVALID_API_KEY", Words: "Invalid API key"},
			embedding.RateLimited: {Status: 429, Code: "RATE_REQUEST_LIMIT_EXCEEDED", Words: "Request rate limit exceeded"},
			embedding.Exhausted:   {Status: 403, Code: "AUTHZ_INSUFFICIENT_BALANCE", Words: "Insufficient account balance"},
			embedding.Unavailable: {Status: 503, Code: "SERVICE_UNAVAILABLE", Words: "temporarily unavailable"},
			embedding.Malformed:   {Status: 502, Code: "SERVICE_UNAVAILABLE", Words: "temporarily unavailable", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 400, Words: "Failed to encode text", Read: embedding.Rejected},
		},
	})
}
