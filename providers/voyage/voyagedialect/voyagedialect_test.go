package voyagedialect_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/voyage"
	"github.com/vecspace/embedding/providers/voyage/voyagedialect"
)

func TestDialect(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: voyagedialect.New(),
		Model:   dialect.Model{Model: embedding.Model{ID: "voyage-4", Dimensions: 256}, Lengths: []int{256, 512}},
		Open: func(base string) (embedding.Embedder, error) {
			return voyage.New(voyage.Options{Model: "voyage-4", Dimensions: 256, BaseURL: base + "/v1", Key: vendortest.Key})
		},
		Tasks: []embedding.Task{embedding.TaskDocument, embedding.TaskQuery},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Words: "overloaded", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 400, Words: "the cause"},
			embedding.Rejected:    {Status: 400, Words: "the cause", Read: embedding.Invalid},
			embedding.TooLarge:    {Status: 413, Words: "the cause"},
			embedding.Auth:        {Status: 401, Words: "Provided API key is invalid."},
			embedding.RateLimited: {Status: 429, Words: "Rate limit exceeded."},
			embedding.Exhausted:   {Status: 402, Words: "Payment Required"},
			embedding.Unavailable: {Status: 503, Words: "overloaded"},
			embedding.Malformed:   {Status: 502, Words: "overloaded", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 400, Words: "the cause", Read: embedding.Invalid},
		},
	})
}
