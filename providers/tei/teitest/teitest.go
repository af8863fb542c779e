// Package teitest emulates a server of Hugging Face's Text Embeddings Inference, so that programs and tests run without one.
//
//	emulator, err := teitest.New(teitest.Options{Model: "BAAI/bge-m3"})
//	server := httptest.NewServer(emulator)
//	// base URL: server.URL; no key, unless Options.Keys name some
//
// It is an http.Handler for /embed, /info and /health with one model of tei.Models, by default DefaultModel. It takes as many texts
// as a server that was started without other limits; Settings.Limits of the model change that, and /info says so. The only prompt
// that it knows is "query".
package teitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/emulator"
	"github.com/vecspace/embedding/providers/tei"
)

// DefaultModel is the one served where Options name none.
const DefaultModel = "BAAI/bge-base-en-v1.5"

// maxPayload is what a server takes that was started without another --payload-limit, in bytes.
const maxPayload = 2_000_000

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
	if o.Model == "" {
		o.Model = DefaultModel
	}
	var v vendor
	for _, m := range tei.Models() {
		if m.ID == o.Model {
			v.model = m
		}
	}
	if v.model.ID == "" {
		return nil, fmt.Errorf("teitest: unknown model %q: there are those of tei.Models", o.Model)
	}
	if o.Keys != nil {
		v.keys = o.GoodKeys()
	}
	return emulator.New(v, o)
}

// words are the server's; tei's testdata/errors.jsonl names its code. Code is the error_type.
var words = emulator.Words{
	"auth":                 {Status: 401, Kind: embedding.Auth},
	"unhealthy":            {Status: 503, Code: "Unhealthy", Message: "unhealthy", Kind: embedding.Unavailable},
	"tokenizer":            {Status: 422, Code: "Tokenizer", Message: "Tokenization error", Kind: embedding.Rejected},
	emulator.InternalError: {Status: 424, Code: "Backend", Message: "Inference failed", Kind: embedding.Unavailable},
	emulator.RequestRate:   {Status: 429, Code: "Overloaded", Message: "Model is overloaded", Kind: embedding.RateLimited},
	emulator.TokenRate:     {Status: 429, Code: "Overloaded", Message: "Model is overloaded", Kind: embedding.RateLimited},
}

var (
	tooMany  = emulator.Refusal{Status: 422, Code: "Validation", Message: "batch size %d > maximum allowed batch size %d"}
	tooLong  = emulator.Refusal{Status: 422, Code: "Validation", Message: "Input validation error: `inputs` must have less than %d tokens. Given: %d"}
	noPrompt = emulator.Refusal{Status: 422, Code: "Validation", Message: "Input validation error: `default-prompt-name` is set to `%s` but it was not found in the Sentence Transformers prompts. Available prompts: %q"}
	badCut   = emulator.Refusal{Status: 422, Code: "Validation", Message: "Input validation error: `dimensions` should be at most %d"}
	empty    = emulator.Refusal{Status: 400, Code: "Empty", Message: "`inputs` cannot be empty"}
)

type vendor struct {
	model tei.ModelInfo
	keys  emulator.Keys // nil: none is asked for
}

func (v vendor) Profile() emulator.Profile {
	return emulator.Profile{Name: "teitest", Models: []string{v.model.ID}, Serves: v.model.ID, Errors: words.Faults(), Positional: true}
}

func (v vendor) Head(http.Header, *emulator.Request) {}

func (v vendor) limits(r *emulator.Request) embedding.Limits {
	return r.Limits(v.model.ID, embedding.Limits{Texts: tei.Defaults().Texts, TextTokens: v.model.TextTokens})
}

func (v vendor) Admit(r *emulator.Request) *emulator.Reply {
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/health":
		return &emulator.Reply{Status: 200}
	case v.keys != nil && !v.keys[r.Bearer()]:
		return refuse(words["auth"])
	case r.Method == http.MethodGet && r.URL.Path == "/info":
		return &emulator.Reply{Status: 200, Body: v.info(r)}
	case r.URL.Path != "/embed":
		return &emulator.Reply{Status: 404}
	case r.Method != http.MethodPost:
		return &emulator.Reply{Status: 405}
	}
	return nil
}

func (v vendor) info(r *emulator.Request) []byte {
	l := v.limits(r)
	return fmt.Appendf(nil, `{"model_id":%q,"model_sha":null,"model_dtype":"float16","model_type":{"embedding":{"pooling":"cls"}},"max_concurrent_requests":512,`+
		`"max_input_length":%d,"max_batch_tokens":16384,"max_batch_requests":null,"max_client_batch_size":%d,"auto_truncate":false,"tokenization_workers":4,`+
		`"version":"1.9.3","sha":null,"docker_label":null}`, v.model.ID, l.TextTokens, l.Texts)
}

// refuse answers with an error, without a body where there is no message.
func refuse(why emulator.Refusal) *emulator.Reply {
	if why.Message == "" {
		return &emulator.Reply{Status: why.Status}
	}
	return &emulator.Reply{Status: why.Status, Body: emulator.JSON(struct {
		Error string `json:"error"`
		Type  string `json:"error_type"`
	}{why.Message, why.Code})}
}

func (v vendor) Fault(_ *emulator.Request, f Fault) emulator.Reply { return *refuse(words.Of(f)) }

type request struct {
	Inputs     emulator.Texts `json:"inputs"`
	Truncate   bool           `json:"truncate"`
	Direction  string         `json:"truncation_direction"`
	PromptName string         `json:"prompt_name"`
	Dimensions *int           `json:"dimensions"`
}

func (v vendor) Parse(_ *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	if len(body) > maxPayload {
		return emulator.Call{}, &emulator.Reply{Status: 413, Type: "text/plain; charset=utf-8", Body: []byte("Failed to buffer the request body: length limit exceeded")}
	}
	var req request
	err := json.Unmarshal(body, &req)
	if err == nil && !strings.Contains(string(body), `"inputs"`) {
		err = fmt.Errorf("missing field `inputs`")
	}
	if err != nil {
		return emulator.Call{}, &emulator.Reply{Status: 422, Type: "text/plain; charset=utf-8", Body: []byte("Failed to deserialize the JSON body into the target type: " + err.Error())}
	}
	return emulator.Call{Model: v.model.ID, Role: req.PromptName, Texts: req.Inputs, Dimensions: v.model.Dimensions, Rest: req}, nil
}

func (v vendor) Check(r *emulator.Request, c *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	req := c.Rest.(request)
	cut := emulator.CutNone
	if req.Truncate {
		cut = emulator.CutEnd
		if strings.EqualFold(req.Direction, "left") {
			cut = emulator.CutStart
		}
	}
	if len(c.Texts) == 0 {
		return refuse(empty), false
	}
	over := r.Excess(c, v.limits(r), tokens, cut)
	if over != nil && over.Of == emulator.CountOfTexts {
		return refuse(tooMany.With(over.Got, over.Allowed)), false
	}
	for _, text := range c.Texts {
		if text == "" {
			return refuse(empty), false
		}
	}
	if c.Role != "" && c.Role != "query" {
		return refuse(noPrompt.With(c.Role, []string{"query"})), false
	}
	if n := req.Dimensions; n != nil {
		if *n < 1 || *n > v.model.Dimensions {
			return refuse(badCut.With(v.model.Dimensions)), false
		}
		c.Dimensions = *n
	}
	if over != nil {
		return refuse(tooLong.With(over.Allowed, over.Got)), over.Length()
	}
	return nil, false
}

func (v vendor) Answer(dst []byte, r *emulator.Request, _ *emulator.Call, items []emulator.Item, tokens int) []byte {
	r.Header.Set("X-Compute-Type", "cpu")
	r.Header.Set("X-Compute-Tokens", strconv.Itoa(tokens))
	return emulator.Rows(dst, items)
}
