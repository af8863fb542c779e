package teidialect_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/tei"
	"github.com/vecspace/embedding/providers/tei/teidialect"
)

func TestDialect(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: teidialect.New(),
		Model:   dialect.Model{Model: embedding.Model{ID: "BAAI/bge-base-en-v1.5", Dimensions: 768}},
		Open: func(base string) (embedding.Embedder, error) {
			return tei.New(tei.Options{Model: "BAAI/bge-base-en-v1.5", BaseURL: base, Key: vendortest.Key})
		},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Code: "Unhealthy", Words: "unhealthy", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 422, Code: "Validation", Words: "the cause"},
			embedding.Rejected:    {Status: 422, Code: "Tokenizer", Words: "the cause"},
			embedding.TooLarge:    {Status: 413, Words: "length limit exceeded"},
			embedding.Auth:        {Status: 401, Words: ""},
			embedding.RateLimited: {Status: 429, Code: "Overloaded", Words: "Model is overloaded"},
			embedding.Exhausted:   {Status: 402, Code: "Exhausted", Words: "quota exhausted"},
			embedding.Unavailable: {Status: 503, Code: "Unhealthy", Words: "unhealthy"},
			embedding.Malformed:   {Status: 502, Code: "Unhealthy", Words: "unhealthy", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 422, Code: "Tokenizer", Words: "the cause", Read: embedding.Rejected},
		},
	})
}
