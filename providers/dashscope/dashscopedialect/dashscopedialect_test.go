package dashscopedialect_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopedialect"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestCompatible(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: dashscopedialect.New("intl"),
		Model:   dialect.Model{Model: embedding.Model{ID: "text-embedding-v4", Dimensions: 64}, Lengths: []int{64, 128}},
		Open: func(base string) (embedding.Embedder, error) {
			return dashscope.New(dashscope.Options{Model: "text-embedding-v4", Dimensions: 64, Region: "intl", BaseURL: base + "/compatible-mode/v1", Key: vendortest.Key})
		},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Code: "internal_error", Words: "internal error", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 400, Code: "InvalidParameter", Words: "the cause"},
			embedding.Rejected:    {Status: 400, Code: "data_inspection_failed", Words: "inappropriate content"},
			embedding.TooLarge:    {Status: 400, Code: "BadRequest.TooLarge", Words: "Payload Too Large"},
			embedding.Auth:        {Status: 401, Code: "invalid_api_key", Words: "Incorrect API key"},
			embedding.RateLimited: {Status: 429, Code: "limit_requests", Words: "request limit"},
			embedding.Exhausted:   {Status: 400, Code: "Arrearage", Words: "good standing"},
			embedding.Unavailable: {Status: 500, Code: "internal_error", Words: "internal error"},
			embedding.Malformed:   {Status: 502, Code: "internal_error", Words: "internal error", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 400, Code: "data_inspection_failed", Words: "inappropriate", Read: embedding.Rejected},
		},
	})
}

func TestNative(t *testing.T) {
	vendortest.Dialect(t, vendortest.Spoken{
		Dialect: dashscopedialect.New("intl"),
		Model:   dialect.Model{Model: embedding.Model{ID: "text-embedding-v4", Dimensions: 64}, Lengths: []int{64, 128}},
		Open: func(base string) (embedding.Embedder, error) {
			return dashscope.New(dashscope.Options{Model: "text-embedding-v4", Dimensions: 64, Region: "intl", BaseURL: base + "/api/v1", Key: vendortest.Key, Native: true})
		},
		Tasks: []embedding.Task{embedding.TaskDocument, embedding.TaskQuery},
		Said: map[embedding.Kind]vendortest.Said{
			embedding.Unknown:     {Status: 500, Code: "InternalError", Words: "internal error", Read: embedding.Unavailable},
			embedding.Invalid:     {Status: 400, Code: "InvalidParameter", Words: "the cause"},
			embedding.Rejected:    {Status: 400, Code: "DataInspectionFailed", Words: "inappropriate content"},
			embedding.TooLarge:    {Status: 400, Code: "BadRequest.TooLarge", Words: "Payload Too Large"},
			embedding.Auth:        {Status: 401, Code: "InvalidApiKey", Words: "Invalid API-key"},
			embedding.RateLimited: {Status: 429, Code: "Throttling.RateQuota", Words: "rate limit exceeded"},
			embedding.Exhausted:   {Status: 400, Code: "Arrearage", Words: "good standing"},
			embedding.Unavailable: {Status: 500, Code: "InternalError", Words: "internal error"},
			embedding.Malformed:   {Status: 502, Code: "InternalError", Words: "internal error", Read: embedding.Unavailable},
			embedding.Partial:     {Status: 400, Code: "DataInspectionFailed", Words: "inappropriate", Read: embedding.Rejected},
		},
	})
}
