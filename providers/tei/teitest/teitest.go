// Package teitest emulates a server of Hugging Face's Text Embeddings Inference, so that programs
// and tests run without one.
//
//	e, err := teitest.New(emulator.Options{Model: "BAAI/bge-m3"})
//	server := httptest.NewServer(e)
//	// base URL: server.URL; no key unless Options.Keys has some
//
// The emulator is an http.Handler for /embed, /info and /health with one model of tei.Catalog, by
// default [DefaultModel]. It has the limits of a server with default flags. The model's
// Settings.Limits change them, and /info reports the change. The only prompt it knows is "query".
package teitest

import (
	"fmt"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/tei"
	"github.com/vecspace/embedding/providers/tei/teidialect"
)

// DefaultModel is the model if Options.Model is empty.
const DefaultModel = "BAAI/bge-base-en-v1.5"

// maxPayload is the default of --payload-limit, in bytes.
const maxPayload = 2_000_000

// New returns an emulator. It does no I/O.
func New(o emulator.Options) (*emulator.Server, error) {
	if o.Model == "" {
		o.Model = DefaultModel
	}
	v := emulator.Vendor{Name: "teitest", Dialect: teidialect.New(), Faults: emulator.Faults(words), One: o.Model, Keyless: true, Positional: true, MaxBody: maxPayload,
		Find: func(string) string { return o.Model }}
	for _, m := range emulator.Models(tei.Catalog()) {
		if m.ID == o.Model {
			m.Limits.Bytes = 0 // MaxBody has its place
			m.Lengths, m.Longest = nil, m.Dimensions
			v.Models = []dialect.Model{m}
		}
	}
	if v.Models == nil {
		return nil, fmt.Errorf("teitest: unknown model %q: see tei.Catalog", o.Model)
	}
	return emulator.New(v, o)
}

// words are the server's; tei's testdata/errors.jsonl names its code.
var words = map[string]dialect.Refusal{
	"auth":                 {Status: 401, Kind: embedding.Auth},
	"unhealthy":            {Status: 503, Type: "Unhealthy", Message: "unhealthy", Kind: embedding.Unavailable},
	"tokenizer":            {Status: 422, Type: "Tokenizer", Message: "Tokenization error", Kind: embedding.Rejected},
	emulator.InternalError: {Status: 424, Type: "Backend", Message: "Inference failed", Kind: embedding.Unavailable},
	emulator.RequestRate:   {Status: 429, Type: "Overloaded", Message: "Model is overloaded", Kind: embedding.RateLimited},
	emulator.TokenRate:     {Status: 429, Type: "Overloaded", Message: "Model is overloaded", Kind: embedding.RateLimited},
}
