// Package ollamatest emulates Ollama's embeddings, so that programs and tests run without a server
// and its models.
//
//	e, err := ollamatest.New(emulator.Options{})
//	server := httptest.NewServer(e)
//	// base URL: server.URL; no key unless Options.Keys has some, as for a server behind a proxy
//
// The emulator is an http.Handler for /api/embed that has all models of ollama.Catalog. It behaves
// like the server in these points:
//
//   - a request may have any number of texts
//   - a text that is too long is cut unless truncate is false
//   - dimensions above the model's are ignored
//   - a request with one empty text gets no vector
package ollamatest

import (
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/ollama"
	"github.com/vecspace/embedding/providers/ollama/ollamadialect"
)

// New returns an emulator. It does no I/O.
func New(o emulator.Options) (*emulator.Server, error) {
	v := emulator.Vendor{Name: "ollamatest", Dialect: ollamadialect.New(), Faults: emulator.Faults(words), Keyless: true, Positional: true,
		Find: func(name string) string { return strings.TrimSuffix(name, ":latest") }}
	for _, m := range emulator.Models(ollama.Catalog()) {
		m.Lengths, m.Longest = nil, m.Dimensions // the server cuts every model's vectors
		v.Models = append(v.Models, m)
	}
	return emulator.New(v, o)
}

// words are the server's own if ollama's testdata/errors.jsonl has them.
var words = map[string]dialect.Refusal{
	"auth":                 {Status: 401, Message: "unauthorized", Kind: embedding.Auth},
	"no-memory":            {Status: 500, Message: "model requires more system memory (5.5 GiB) than is available (3.2 GiB)", Kind: embedding.Unavailable},
	"crashed":              {Status: 500, Message: "llama runner process has terminated: exit status 2", Kind: embedding.Unavailable},
	"no-embeddings":        {Status: 501, Message: "this model does not support embeddings", Kind: embedding.Invalid},
	emulator.InternalError: {Status: 500, Message: `do embedding request: Post "http://127.0.0.1:43229/embedding": EOF`, Kind: embedding.Unavailable},
	emulator.RequestRate:   {Status: 503, Message: "server busy, please try again.  maximum pending requests exceeded", Kind: embedding.RateLimited},
	emulator.TokenRate:     {Status: 503, Message: "server busy, please try again.  maximum pending requests exceeded", Kind: embedding.RateLimited},
}
