// Package voyagetest emulates Voyage AI's embeddings, so that programs and tests run against the
// service's limits and errors without a key, a network or a bill.
//
//	e, err := voyagetest.New(emulator.Options{})
//	server := httptest.NewServer(e)
//	// base URL: server.URL + voyagetest.BasePath, key: emulator.DefaultKey
//
// The emulator is an http.Handler for /v1/embeddings, in float. The models of series 4 share one
// space, as the service's do. The vectors of a query and a document with the same text differ
// slightly.
package voyagetest

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/voyage"
	"github.com/vecspace/embedding/providers/voyage/voyagedialect"
	"strings"
)

// BasePath is the path of a base URL.
const BasePath = "/v1"

// New returns an emulator. It does no I/O.
func New(o emulator.Options) (*emulator.Server, error) {
	v := emulator.Vendor{Name: "voyagetest", Dialect: voyagedialect.New(), Faults: emulator.Faults(words), Base64: true, Batches: BasePath, BatchLines: 100_000}
	for _, m := range emulator.Models(voyage.Catalog()) {
		if strings.HasPrefix(m.ID, "voyage-4") {
			m.Space = "voyage-4" // the series shares a space
		}
		v.Models = append(v.Models, m)
	}
	return emulator.New(v, o)
}

// words are the service's own if voyage's testdata/errors.jsonl has them, otherwise in its manner.
var words = map[string]dialect.Refusal{
	"auth":                 {Status: 401, Message: "Provided API key is invalid.", Kind: embedding.Auth},
	"forbidden":            {Status: 403, Message: "Forbidden", Kind: embedding.Auth},
	"overloaded":           {Status: 503, Message: "The server is overloaded", Kind: embedding.Unavailable},
	emulator.InternalError: {Status: 500, Message: "Internal Server Error", Kind: embedding.Unavailable},
	emulator.RequestRate: {Status: 429, Kind: embedding.RateLimited, Message: "You have not yet added your payment method in the billing page and will have reduced rate " +
		"limits of 3 RPM and 10K TPM.  Please add your payment method in the billing page (https://dash.voyageai.com/billing/payment-methods) to unlock our " +
		"standard rate limits (https://docs.voyageai.com/docs/rate-limits)."},
	emulator.TokenRate: {Status: 429, Message: "Rate limit exceeded: too many tokens per minute.", Kind: embedding.RateLimited},
}
