package presetdialect_test

import (
	"cmp"
	"maps"
	"net/url"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/internal/models"
	"github.com/vecspace/embedding/providers/openai/presetdialect"
)

// If a preset has no words for a refusal, the dialect uses OpenAI's.
func common() map[embedding.Kind]vendortest.Said {
	return map[embedding.Kind]vendortest.Said{
		embedding.Unknown:     {Status: 500, Code: "server_error", Words: "internal server error", Read: embedding.Unavailable},
		embedding.Invalid:     {Status: 400, Code: "invalid_request_error", Words: "the cause"},
		embedding.Rejected:    {Status: 400, Code: "text_rejected", Words: "a text was rejected: the cause"},
		embedding.TooLarge:    {Status: 413, Code: "invalid_request_error", Words: "the cause"},
		embedding.Auth:        {Status: 401},
		embedding.RateLimited: {Status: 429, Code: "requests", Words: "Rate limit reached for requests"},
		embedding.Exhausted:   {Status: 402, Code: "insufficient_quota", Words: "the quota is exhausted"},
		embedding.Unavailable: {Status: 503, Code: "server_error", Words: "the server is overloaded"},
		embedding.Malformed:   {Status: 502, Code: "server_error", Words: "bad gateway", Read: embedding.Unavailable},
		embedding.Partial:     {Status: 400, Code: "text_rejected", Words: "the cause", Read: embedding.Rejected},
	}
}

func TestDialects(t *testing.T) {
	type said map[embedding.Kind]vendortest.Said
	own := map[string]said{
		"mistral": {
			embedding.RateLimited: {Status: 429, Code: "1300", Words: "Rate limit exceeded"},
			embedding.Unavailable: {Status: 503, Code: "3505", Words: "Service unavailable."},
		},
		"siliconflow": {
			embedding.RateLimited: {Status: 429, Words: "RPM limit reached"},
			embedding.Exhausted:   {Status: 403, Code: "30011", Words: "balance is insufficient"},
			embedding.Unavailable: {Status: 503, Code: "50505", Words: "Model service overloaded"},
		},
		"zhipu": {
			embedding.Rejected:    {Status: 400, Code: "1301", Words: "不安全或敏感内容"},
			embedding.Auth:        {Status: 401, Code: "1000", Words: "身份验证失败"},
			embedding.RateLimited: {Status: 429, Code: "1302", Words: "并发数过高"},
			embedding.Exhausted:   {Status: 429, Code: "1113", Words: "账户已欠费"},
			embedding.Partial:     {Status: 400, Code: "1301", Words: "不安全或敏感内容", Read: embedding.Rejected},
		},
		"volcengine": {
			embedding.Auth:        {Status: 401, Code: "AuthenticationError", Words: "API key format"},
			embedding.RateLimited: {Status: 429, Code: "RateLimitExceeded.EndpointRPMExceeded", Words: "Requests Per Minute"},
			embedding.Exhausted:   {Status: 403, Code: "AccountOverdueError", Words: "overdue balance"},
		},
		"together": {
			embedding.Auth:        {Status: 401, Code: "invalid_api_key", Words: "Invalid API key"},
			embedding.RateLimited: {Status: 429, Code: "rate_limit", Words: "Too many requests"},
			embedding.Exhausted:   {Status: 402, Code: "credit_limit", Words: "spending limit"},
			embedding.Unavailable: {Status: 503, Code: "overloaded", Words: "Engine overloaded"},
		},
		"openrouter": {
			embedding.RateLimited: {Status: 429, Words: "temporarily rate-limited upstream"},
			embedding.Exhausted:   {Status: 402, Words: "Insufficient credits"},
			embedding.Unavailable: {Status: 503, Words: "no available model provider"},
		},
		"deepinfra": {
			embedding.Auth:        {Status: 403, Code: "invalid_request_error", Words: "Not authenticated"},
			embedding.RateLimited: {Status: 429, Code: "rate_limit", Words: "Rate limited"},
			embedding.Exhausted:   {Status: 402, Code: "billing", Words: "Payment required"},
		},
		"lmstudio": {
			embedding.Auth: {Status: 401, Code: "invalid_api_key", Words: "An LM Studio API token is required"},
		},
		"llamacpp": {
			embedding.Auth: {Status: 401, Code: "authentication_error", Words: "Invalid API Key"},
		},
		"localai": {
			embedding.Auth: {Status: 401, Code: "invalid_request_error", Words: "An authentication key is required"},
		},
	}
	odd := map[string]map[string]embedding.Kind{
		"lmstudio": {"another path": embedding.Malformed},    // it answers 200
		"localai":  {"another model": embedding.Unavailable}, // it could not load it
	}
	for _, p := range models.Presets() {
		if p.Name == "openai" {
			continue // openaidialect
		}
		t.Run(p.Name, func(t *testing.T) {
			d, err := presetdialect.New(p.Name)
			expect.NoError(t, err)
			all := common()
			maps.Copy(all, own[p.Name])
			u, err := url.Parse(p.BaseURL)
			expect.NoError(t, err)
			m := models.Info{ID: "m"}
			if !p.Local {
				m = p.Models[0]
			}
			dims := cmp.Or(m.Dimensions, 8)
			vendortest.Dialect(t, vendortest.Spoken{
				Dialect: d,
				Model:   dialect.Model{Model: embedding.Model{ID: m.ID, Dimensions: dims}},
				Open: func(base string) (embedding.Embedder, error) {
					return openai.New(openai.Options{Preset: p.Name, Model: m.ID, NativeDimensions: dims, BaseURL: base + u.Path, Key: vendortest.Key})
				},
				Said: all, Odd: odd[p.Name],
			})
		})
	}
	_, err := presetdialect.New("acme")
	if err == nil {
		t.Error("there is a dialect of a preset that is not there")
	}
}
