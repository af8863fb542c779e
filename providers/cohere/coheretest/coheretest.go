// Package coheretest emulates Cohere's embeddings, so that programs and tests run against the
// service's limits and errors without a key, a network or a bill.
//
//	e, err := coheretest.New(emulator.Options{})
//	server := httptest.NewServer(e)
//	// base URL: server.URL + coheretest.BasePath, key: emulator.DefaultKey
//
// The emulator is an http.Handler for /v2/embed with texts, in either float or base64. It refuses
// images and other types of embeddings. The vectors of a query and a document with the same text
// differ slightly.
package coheretest

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/cohere"
	"github.com/vecspace/embedding/providers/cohere/coheredialect"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
)

// BasePath is the path of a base URL.
const BasePath = "/v2"

// New returns an emulator. It does no I/O.
func New(o emulator.Options) (*emulator.Server, error) {
	v := emulator.Vendor{Name: "coheretest", Dialect: coheredialect.New(), Faults: emulator.Faults(words), Positional: true, Base64: true}
	v.Models = emulator.Models(cohere.Catalog())
	return emulator.New(v, o)
}

// words are the service's own if cohere's testdata/errors.jsonl has them, otherwise in its manner.
var words = map[string]dialect.Refusal{
	"auth":                 {Status: 401, Message: "invalid api token", Kind: embedding.Auth},
	"no-key":               {Status: 401, Message: "no api key supplied", Kind: embedding.Auth},
	"billing":              {Status: 402, Message: "payment required: billing limit reached", Kind: embedding.Exhausted},
	"overloaded":           {Status: 503, Message: "service unavailable", Kind: embedding.Unavailable},
	"timeout":              {Status: 504, Message: "timeout", Kind: embedding.Unavailable},
	emulator.InternalError: {Status: 500, Message: "internal server error", Kind: embedding.Unavailable},
	emulator.RequestRate: {Status: 429, Kind: embedding.RateLimited, Message: "You are using a Trial key, which is limited to 40 API calls / minute. " +
		"You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits at 'https://dashboard.cohere.com/api-keys'. " +
		"Contact us on 'https://discord.gg/XW44jPfYJu' or email us at support@cohere.com with any questions"},
	emulator.TokenRate: {Status: 429, Message: "trial token rate limit exceeded, limit is 100000 tokens per minute", Kind: embedding.RateLimited},
	"exhausted": {Status: 429, Kind: embedding.Exhausted, Message: "You are using a Trial key, which is limited to 1000 API calls / month. " +
		"You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits at 'https://dashboard.cohere.com/api-keys'."},
}
