// Package openaitest emulates OpenAI's embeddings, so that programs and tests run against the
// service's limits and errors without a key, a network or a bill.
//
//	e, err := openaitest.New(emulator.Options{})
//	server := httptest.NewServer(e)
//	// base URL: server.URL + openaitest.BasePath, key: emulator.DefaultKey
//
// The emulator is an http.Handler for /v1/embeddings, in float or base64, and for the batch API of
// /v1/files and /v1/batches. It also takes token ids,
// which some clients send instead of texts: it counts them as the service does, and their vectors
// have no meaning.
package openaitest

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai"
	"github.com/vecspace/embedding/providers/openai/openaidialect"
	"slices"
)

// BasePath is the path of a base URL.
const BasePath = "/v1"

// New returns an emulator. It does no I/O.
func New(o emulator.Options) (*emulator.Server, error) {
	v := emulator.Vendor{Name: "openaitest", Dialect: openaidialect.New(), Faults: emulator.Faults(words), Base64: true, Batches: BasePath, BatchLines: 50_000}
	v.Models = emulator.Models(slices.DeleteFunc(openai.Catalog(), func(e catalog.Entry) bool { return e.Provider != "openai" }))
	return emulator.New(v, o)
}

// words are the service's own if openai's testdata/errors.jsonl has them, otherwise in its manner.
var words = map[string]dialect.Refusal{
	"auth":                 {Status: 401, Code: "invalid_api_key", Message: "Incorrect API key provided: sk-wrong. You can find your API key at https://platform.openai.com/account/api-keys.", Kind: embedding.Auth},
	"no-access":            {Status: 403, Code: "model_not_found", Message: "Project `proj_0` does not have access to model `text-embedding-ada-002`", Kind: embedding.Auth},
	"exhausted":            {Status: 429, Code: "insufficient_quota", Type: "insufficient_quota", Message: "You exceeded your current quota, please check your plan and billing details.", Kind: embedding.Exhausted},
	"overloaded":           {Status: 503, Type: "server_error", Message: "The engine is currently overloaded, please try again later", Kind: embedding.Unavailable},
	emulator.InternalError: {Status: 500, Type: "server_error", Message: "The server had an error while processing your request. Sorry about that!", Kind: embedding.Unavailable},
	emulator.RequestRate: {Status: 429, Code: "rate_limit_exceeded", Type: "requests", Kind: embedding.RateLimited,
		Message: "Rate limit reached for default-text-embedding-ada-002 in organization org-0 on requests per min. Contact us through our help center at help.openai.com if you continue to have issues."},
	emulator.TokenRate: {Status: 429, Code: "rate_limit_exceeded", Type: "requests", Kind: embedding.RateLimited,
		Message: "Rate limit reached for text-embedding-3-small in organization org-0 on tokens per min (TPM). Visit https://platform.openai.com/account/rate-limits to learn more."},
}
