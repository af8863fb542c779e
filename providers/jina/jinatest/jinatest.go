// Package jinatest emulates Jina AI's embeddings, so that programs and tests run against the
// service's limits and errors without a key, a network or a bill.
//
//	e, err := jinatest.New(emulator.Options{})
//	server := httptest.NewServer(e)
//	// base URL: server.URL + jinatest.BasePath, key: emulator.DefaultKey
//
// The emulator is an http.Handler for /v1/embeddings with texts, in float or base64. It takes
// [MaxTexts] texts, as the service does; jina.Catalog has 512, which fit a minute's quota of
// tokens. All other limits are as in jina.Catalog.
package jinatest

import (
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/jina"
	"github.com/vecspace/embedding/providers/jina/jinadialect"
)

// BasePath is the path of a base URL.
const BasePath = "/v1"

// MaxTexts is the largest number of texts in a request, as the service's refusal states it.
const MaxTexts = 2048

// keyManager is the page that the service's refusals name.
const keyManager = "https://jina.ai/api-dashboard/key-manager"

// New returns an emulator. It does no I/O.
func New(o emulator.Options) (*emulator.Server, error) {
	v := emulator.Vendor{Name: "jinatest", Dialect: jinadialect.New(), Faults: emulator.Faults(words), Base64: true}
	for _, m := range emulator.Models(jina.Catalog()) {
		m.Limits.Texts = MaxTexts
		slices.Reverse(m.Lengths) // refusals list the longest first
		v.Models = append(v.Models, m)
	}
	slices.SortFunc(v.Models, func(a, b dialect.Model) int { return strings.Compare(a.ID, b.ID) }) // as the service lists them
	return emulator.New(v, o)
}

// words are the service's own if jina's testdata/errors.jsonl has them, otherwise in its manner.
var words = map[string]dialect.Refusal{
	"auth": {Status: 401, Code: "AUTH_INVALID_API_KEY", Kind: embedding.Auth,
		Message: "Invalid API key. Verify your API key at " + keyManager + " or generate a new one."},
	"no-key": {Status: 401, Code: "AUTH_MISSING_API_KEY", Kind: embedding.Auth,
		Message: "Authentication required. Provide your API key via the Authorization header: 'Authorization: Bearer <api-key>'. Get your API key at " + keyManager + "."},
	"exhausted": {Status: 403, Code: "AUTHZ_INSUFFICIENT_BALANCE", Kind: embedding.Exhausted,
		Message: "Insufficient account balance. Top up your account at " + keyManager + "."},
	"exhausted-2": {Status: 402, Message: "Account balance not enough to run this query, please recharge", Kind: embedding.Exhausted},
	"plan-limit": {Status: 403, Code: "AUTHZ_RESOURCE_LIMIT_EXCEEDED", Kind: embedding.Exhausted,
		Message: "Resource limit exceeded for your plan. Current: 5, limit: 5. Delete existing resources or upgrade your plan at " + keyManager + "."},
	"not-encoded":          {Status: 400, Message: "[RID: 06b5f7bdde6ea380106a87fe6ab8ec5a] Failed to encode text", Kind: embedding.Rejected},
	"overloaded":           {Status: 503, Code: "SERVICE_UNAVAILABLE", Message: "Service temporarily unavailable. Please retry with exponential backoff.", Kind: embedding.Unavailable},
	"timeout":              {Status: 504, Code: "SERVICE_TIMEOUT", Message: "Service request timed out. Try with smaller inputs or retry later.", Kind: embedding.Unavailable},
	"concurrency":          {Status: 429, Code: "RATE_CONCURRENCY_LIMIT_EXCEEDED", Message: "Concurrency limit exceeded: 6/5 concurrent requests. Wait for pending requests to complete before sending new ones.", Kind: embedding.RateLimited},
	emulator.InternalError: {Status: 500, Code: "INTERNAL_ERROR", Message: "An unexpected error occurred. If this persists, contact support with the request_id from this response.", Kind: embedding.Unavailable},
	emulator.RequestRate: {Status: 429, Code: "RATE_REQUEST_LIMIT_EXCEEDED", Kind: embedding.RateLimited,
		Message: "Request rate limit exceeded: 501/500 requests per minute. Reduce request frequency or upgrade your plan at " + keyManager + "."},
	emulator.TokenRate: {Status: 429, Code: "RATE_TOKEN_LIMIT_EXCEEDED", Kind: embedding.RateLimited,
		Message: "Token rate limit exceeded: 1,000,512/1,000,000 tokens per minute. Reduce batch sizes or upgrade your plan at " + keyManager + "."},
}
