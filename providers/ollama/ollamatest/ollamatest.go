// Package ollamatest emulates Ollama's embeddings, so that programs and tests run without a server and its models.
//
//	emulator, err := ollamatest.New(ollamatest.Options{})
//	server := httptest.NewServer(emulator)
//	// base URL: server.URL; no key, unless Options.Keys name some, as for a server behind a proxy
//
// It is an http.Handler for /api/embed that has pulled every model of ollama.Models. As with the server, any number of texts may
// be in a request, a text that is too long is cut unless truncate is false, dimensions above the model's are ignored, and an empty
// text alone has no vector.
package ollamatest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/emulator"
	"github.com/vecspace/embedding/providers/ollama"
)

// What the emulators of all providers share.
type (
	Options  = emulator.Options
	Server   = emulator.Server
	Settings = emulator.Settings
	Rates    = emulator.Rates
	Fault    = emulator.Fault
	Ledger   = emulator.Ledger
)

// New returns an emulator. It does no I/O.
func New(o Options) (*Server, error) {
	v := vendor{models: map[string]ollama.ModelInfo{}}
	if o.Keys != nil {
		v.keys = o.GoodKeys()
	}
	for _, m := range ollama.Models() {
		v.models[m.ID] = m
	}
	return emulator.New(v, o)
}

// words are the server's where ollama's testdata/errors.jsonl has them.
var words = emulator.Words{
	"auth":                 {Status: 401, Message: "unauthorized", Kind: embedding.Auth},
	"no-memory":            {Status: 500, Message: "model requires more system memory (5.5 GiB) than is available (3.2 GiB)", Kind: embedding.Unavailable},
	"crashed":              {Status: 500, Message: "llama runner process has terminated: exit status 2", Kind: embedding.Unavailable},
	"no-embeddings":        {Status: 501, Message: "this model does not support embeddings", Kind: embedding.Invalid},
	emulator.InternalError: {Status: 500, Message: `do embedding request: Post "http://127.0.0.1:43229/embedding": EOF`, Kind: embedding.Unavailable},
	emulator.RequestRate:   {Status: 503, Message: "server busy, please try again.  maximum pending requests exceeded", Kind: embedding.RateLimited},
	emulator.TokenRate:     {Status: 503, Message: "server busy, please try again.  maximum pending requests exceeded", Kind: embedding.RateLimited},
}

var (
	badJSON  = emulator.Refusal{Status: 400, Message: "%s"}
	badInput = emulator.Refusal{Status: 400, Message: "invalid input type"}
	noModel  = emulator.Refusal{Status: 404, Message: "model %q not found, try pulling it first"}
	tooLong  = emulator.Refusal{Status: 400, Message: "the input length exceeds the context length"}
)

type vendor struct {
	keys   emulator.Keys // nil: none is asked for
	models map[string]ollama.ModelInfo
}

func (v vendor) Profile() emulator.Profile {
	p := emulator.Profile{Name: "ollamatest", Errors: words.Faults(), Positional: true}
	for _, m := range ollama.Models() {
		p.Models = append(p.Models, m.ID)
	}
	return p
}

func (v vendor) Head(http.Header, *emulator.Request) {}

func (v vendor) Admit(r *emulator.Request) *emulator.Reply {
	switch {
	case v.keys != nil && !v.keys[r.Bearer()]:
		return refuse(words["auth"])
	case r.Method == http.MethodGet && r.URL.Path == "/":
		return &emulator.Reply{Status: 200, Type: "text/plain; charset=utf-8", Body: []byte("Ollama is running")}
	case r.Method == http.MethodGet && r.URL.Path == "/api/version":
		return &emulator.Reply{Status: 200, Body: []byte(`{"version":"0.17.4"}`)}
	case r.URL.Path != "/api/embed":
		return &emulator.Reply{Status: 404, Type: "text/plain", Body: []byte("404 page not found")}
	case r.Method != http.MethodPost:
		return &emulator.Reply{Status: 405, Type: "text/plain", Body: []byte("405 method not allowed")}
	}
	return nil
}

func refuse(why emulator.Refusal) *emulator.Reply {
	return &emulator.Reply{Status: why.Status, Body: emulator.JSON(map[string]string{"error": why.Message})}
}

func (v vendor) Fault(_ *emulator.Request, f Fault) emulator.Reply { return *refuse(words.Of(f)) }

type request struct {
	Model      string         `json:"model"`
	Input      emulator.Texts `json:"input"`
	Truncate   *bool          `json:"truncate"`
	Dimensions int            `json:"dimensions"`
	KeepAlive  any            `json:"keep_alive"`
	Options    map[string]any `json:"options"`
}

func (v vendor) Parse(_ *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	var req request
	if err := json.Unmarshal(body, &req); err != nil {
		if strings.Contains(err.Error(), "input") {
			return emulator.Call{}, refuse(badInput)
		}
		return emulator.Call{}, refuse(badJSON.With(err))
	}
	name := strings.TrimSuffix(req.Model, ":latest")
	if _, ok := v.models[name]; !ok {
		return emulator.Call{}, refuse(noModel.With(req.Model))
	}
	if len(req.Input) == 1 && req.Input[0] == "" {
		req.Input = nil
	}
	return emulator.Call{Model: name, Texts: req.Input, Rest: req}, nil
}

func (v vendor) Check(r *emulator.Request, c *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	req, info := c.Rest.(request), v.models[c.Model]
	c.Dimensions = info.Dimensions
	if req.Dimensions > 0 {
		c.Dimensions = min(req.Dimensions, info.Dimensions)
	}
	cut := emulator.CutEnd
	if req.Truncate != nil && !*req.Truncate {
		cut = emulator.CutNone
	}
	if over := r.Excess(c, r.Limits(c.Model, embedding.Limits{TextTokens: info.TextTokens}), tokens, cut); over != nil {
		return refuse(tooLong), over.Length()
	}
	return nil, false
}

func (v vendor) Answer(dst []byte, _ *emulator.Request, c *emulator.Call, items []emulator.Item, tokens int) []byte {
	dst = fmt.Appendf(dst, `{"model":%s,"embeddings":`, emulator.JSON(c.Rest.(request).Model))
	dst = emulator.Rows(dst, items)
	return fmt.Appendf(dst, `,"total_duration":14143917,"load_duration":1019500,"prompt_eval_count":%d}`, tokens)
}
