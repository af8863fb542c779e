package ollamadialect_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/ollama"
	"github.com/vecspace/embedding/providers/ollama/ollamadialect"
)

func TestDialect(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: ollamadialect.New(),
		Model:   dialect.Model{Model: embedding.Model{ID: "nomic-embed-text:latest", Dimensions: 768}},
		Open: func(base string) (embedding.Embedder, error) {
			return ollama.New(ollama.Options{Model: "nomic-embed-text", BaseURL: base, Key: vendortest.Key})
		},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Words: "runner process", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 400, Words: "the cause"},
			embedding.Rejected:    {Status: 400, Words: "the cause", Read: embedding.Invalid},
			embedding.TooLarge:    {Status: 413, Words: "the cause"},
			embedding.Auth:        {Status: 401, Words: "unauthorized"},
			embedding.RateLimited: {Status: 503, Words: "maximum pending requests exceeded"},
			embedding.Exhausted:   {Status: 402, Words: "quota exhausted"},
			embedding.Unavailable: {Status: 500, Words: "runner process"},
			embedding.Malformed:   {Status: 502, Words: "runner process", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 400, Words: "the cause", Read: embedding.Invalid},
		},
	})
}
