// Package coheretest emulates Cohere's embeddings, so that programs and tests run against the service's limits and errors
// without a key, a network or a bill.
//
//	emulator, err := coheretest.New(coheretest.Options{})
//	server := httptest.NewServer(emulator)
//	// base URL: server.URL + coheretest.BasePath, key: coheretest.DefaultKey
//
// It is an http.Handler for /v2/embed with texts, in float or base64, one of them at a time; images and the other types of
// embeddings are refused. Vectors have meaning, and those of queries and documents differ a little.
package coheretest

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/cohere"
	"github.com/vecspace/embedding/providers/internal/emulator"
)

// DefaultKey is the key of an emulator whose Options name none.
const DefaultKey = emulator.DefaultKey

// BasePath is what a base URL ends in.
const BasePath = "/v2"

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
	v := vendor{keys: o.GoodKeys(), models: map[string]cohere.ModelInfo{}}
	for _, m := range cohere.Models() {
		v.models[m.ID] = m
	}
	return emulator.New(v, o)
}

// words are the service's where cohere's testdata/errors.jsonl has them, else they follow its manner.
var words = emulator.Words{
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

var (
	badRequest = emulator.Refusal{Status: 400, Message: "invalid request: %s"}
	tooMany    = emulator.Refusal{Status: 400, Message: "invalid request: total number of texts must be at most %d - received %d"}
	tooLong    = emulator.Refusal{Status: 400, Message: "invalid request: text %d is too long: %d tokens exceeds the maximum of %d"}
	badLength  = emulator.Refusal{Status: 422, Message: "output_dimension must be one of %s"}
	noModel    = emulator.Refusal{Status: 404, Message: "model '%s' not found, make sure the correct model ID was used and that you have access to the model."}
)

type vendor struct {
	keys   emulator.Keys
	models map[string]cohere.ModelInfo
}

func (v vendor) Profile() emulator.Profile {
	p := emulator.Profile{Name: "coheretest", Errors: words.Faults(), Positional: true, Base64: true}
	for _, m := range cohere.Models() {
		p.Models = append(p.Models, m.ID)
	}
	return p
}

func (v vendor) Head(h http.Header, r *emulator.Request) { h.Set("X-Debug-Trace-Id", r.ID) }

func (v vendor) Admit(r *emulator.Request) *emulator.Reply {
	switch key := r.Bearer(); {
	case r.URL.Path != BasePath+"/embed":
		return &emulator.Reply{Status: http.StatusNotFound}
	case r.Method != http.MethodPost:
		return &emulator.Reply{Status: http.StatusMethodNotAllowed}
	case key == "":
		return refuse(r, words["no-key"])
	case !v.keys[key]:
		return refuse(r, words["auth"])
	}
	return nil
}

func refuse(r *emulator.Request, why emulator.Refusal) *emulator.Reply {
	return &emulator.Reply{Status: why.Status, Body: emulator.JSON(struct {
		ID      string `json:"id"`
		Message string `json:"message"`
	}{r.ID, why.Message})}
}

func (v vendor) Fault(r *emulator.Request, f Fault) emulator.Reply { return *refuse(r, words.Of(f)) }

type request struct {
	Model      string         `json:"model"`
	Texts      emulator.Texts `json:"texts"`
	InputType  string         `json:"input_type"`
	Types      []string       `json:"embedding_types"`
	Truncate   string         `json:"truncate"`
	Dimensions int            `json:"output_dimension"`
	MaxTokens  int            `json:"max_tokens"`
	Priority   int            `json:"priority"`
}

var (
	roles = []string{"search_document", "search_query", "classification", "clustering"}
	cuts  = map[string]emulator.Cut{"": emulator.CutEnd, "END": emulator.CutEnd, "START": emulator.CutStart, "NONE": emulator.CutNone}
)

func (v vendor) Parse(r *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	var req request
	if err := emulator.Strict(body, &req); err != nil {
		return emulator.Call{}, refuse(r, badRequest.With(err))
	}
	if _, ok := v.models[req.Model]; !ok {
		return emulator.Call{}, refuse(r, noModel.With(req.Model))
	}
	return emulator.Call{Model: req.Model, Role: req.InputType, Texts: req.Texts, Base64: slices.Equal(req.Types, []string{"base64"}), Rest: req}, nil
}

func (v vendor) Check(r *emulator.Request, c *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	req, info := c.Rest.(request), v.models[c.Model]
	cut, known := cuts[req.Truncate]
	c.Dimensions = info.Dimensions[0]
	if req.Dimensions != 0 {
		c.Dimensions = req.Dimensions
	}
	switch {
	case len(c.Texts) == 0:
		return refuse(r, badRequest.With("at least one text must be provided")), false
	case req.Dimensions != 0 && len(info.Dimensions) == 1:
		return refuse(r, badRequest.With("output_dimension is not supported for this model")), false
	case !slices.Contains(info.Dimensions, c.Dimensions):
		return refuse(r, badLength.With(listed(info.Dimensions))), false
	case !slices.Contains(roles, req.InputType):
		return refuse(r, badRequest.With("valid input_type must be provided with the provided model")), false
	case len(req.Types) > 1 || len(req.Types) == 1 && req.Types[0] != "float" && req.Types[0] != "base64":
		return refuse(r, badRequest.With("the emulator has embedding_types float or base64, one at a time")), false
	case !known:
		return refuse(r, badRequest.With("truncate must be one of NONE, START, END")), false
	}
	limits := r.Limits(c.Model, info.Limits)
	if req.MaxTokens > 0 {
		limits.TextTokens = min(limits.TextTokens, req.MaxTokens)
	}
	switch over := r.Excess(c, limits, tokens, cut); {
	case over == nil:
		return nil, false
	case over.Of == emulator.CountOfTexts:
		return refuse(r, tooMany.With(over.Allowed, over.Got)), false
	case over.Of == emulator.TokensOfText:
		return refuse(r, tooLong.With(over.Index, over.Got, over.Allowed)), true
	default:
		return refuse(r, badRequest.With("too many tokens")), true
	}
}

// listed are the lengths in ascending order.
func listed(dims []int) (s string) {
	for i, d := range slices.Sorted(slices.Values(dims)) {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprint(d)
	}
	return s
}

func (v vendor) Answer(dst []byte, r *emulator.Request, c *emulator.Call, items []emulator.Item, tokens int) []byte {
	kind := "float"
	if c.Base64 {
		kind = "base64"
	}
	dst = fmt.Appendf(dst, `{"id":%q,"embeddings":{%q:`, r.ID, kind)
	dst = emulator.Rows(dst, items)
	return fmt.Appendf(dst, `},"texts":%s,"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":%d}},"response_type":"embeddings_by_type"}`,
		emulator.JSON(c.Texts), tokens)
}
