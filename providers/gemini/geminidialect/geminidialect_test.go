package geminidialect_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/gemini/geminidialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestDialect(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: geminidialect.New(),
		Model:   dialect.Model{Model: embedding.Model{ID: "gemini-embedding-001", Dimensions: 128}, Longest: 3072},
		Open: func(base string) (embedding.Embedder, error) {
			return gemini.New(gemini.Options{Model: "gemini-embedding-001", Dimensions: 128, BaseURL: base + "/v1beta", Key: vendortest.Key})
		},
		Tasks: []embedding.Task{embedding.TaskDocument, embedding.TaskQuery, embedding.TaskSimilarity, embedding.TaskClassification, embedding.TaskClustering},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Code: "UNAVAILABLE", Words: "The model is overloaded", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 400, Code: "INVALID_ARGUMENT", Words: "invalid argument: the cause"},
			embedding.Rejected:    {Status: 400, Code: "INVALID_ARGUMENT", Words: "the cause", Read: embedding.Invalid},
			embedding.TooLarge:    {Status: 400, Code: "INVALID_ARGUMENT", Words: "payload size exceeds the limit"},
			embedding.Auth:        {Status: 400, Code: "INVALID_ARGUMENT", Words: "API key not valid"},
			embedding.RateLimited: {Status: 429, Code: "RESOURCE_EXHAUSTED", Words: "Resource has been exhausted"},
			embedding.Exhausted:   {Status: 429, Code: "RESOURCE_EXHAUSTED", Words: "prepayment credits are depleted"},
			embedding.Unavailable: {Status: 503, Code: "UNAVAILABLE", Words: "The model is overloaded"},
			embedding.Malformed:   {Status: 502, Code: "UNAVAILABLE", Words: "The model is overloaded", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 400, Code: "INVALID_ARGUMENT", Words: "the cause", Read: embedding.Invalid},
		},
	})
}
