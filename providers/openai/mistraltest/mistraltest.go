// Package mistraltest emulates Mistral's embeddings, so that programs and tests run against the service's limits and errors
// without a key, a network or a bill.
//
//	emulator, err := mistraltest.New(mistraltest.Options{})
//	server := httptest.NewServer(emulator)
//	// base URL: server.URL + mistraltest.BasePath, key: mistraltest.DefaultKey
//
// It is an http.Handler for /v1/embeddings with vectors of floats, in float or base64. The wire is OpenAI's, but fields that are not
// Mistral's are refused: the length of vectors is output_dimension, and dimensions is 422.
//
// Sources: fields and models https://docs.mistral.ai/api/endpoint/embeddings and mistralai/client-python (embeddingrequest.py, 3.7.0);
// wrong key https://github.com/nextcloud/integration_openai/issues/332; unknown model https://github.com/mistralai/mistral-vibe/issues/617;
// unknown field https://github.com/partITech/php-mistral/issues/76; the others are in openai's testdata/errors.jsonl.
package mistraltest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/emulator"
)

// DefaultKey is the key of an emulator whose Options name none.
const DefaultKey = emulator.DefaultKey

// BasePath is what a base URL ends in.
const BasePath = "/v1"

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
func New(o Options) (*Server, error) { return emulator.New(vendor{o.GoodKeys()}, o) }

// model is what is known of one. Longest is 0 where output_dimension is refused.
type model struct{ dimensions, longest int }

var models = map[string]model{
	"mistral-embed":   {dimensions: 1024},
	"codestral-embed": {dimensions: 1536, longest: 3072},
}

// limits are those of all models. How many texts are too many is not known.
var limits = embedding.Limits{Tokens: 16_384, TextTokens: 8_192}

// words are the service's where a source has them, else they follow its manner. Kong answers without an "object".
var words = emulator.Words{
	"auth":                 {Status: 401, Kind: embedding.Auth, Message: "Unauthorized"},
	"overloaded":           {Status: 503, Code: "3505", Message: "Service unavailable.", Kind: embedding.Unavailable},
	emulator.InternalError: {Status: 500, Code: "3000", Message: "Service unavailable.", Kind: embedding.Unavailable},
	emulator.RequestRate:   {Status: 429, Code: "1300", Message: "Rate limit exceeded", Kind: embedding.RateLimited},
	emulator.TokenRate:     {Status: 429, Code: "1300", Message: "Rate limit exceeded", Kind: embedding.RateLimited},
}

// types are the types of errors by their code.
var types = map[string]string{"1300": "rate_limited", "1500": "invalid_model", "3210": "invalid_request_prompt", "3000": "internal_server_error", "3505": "service_unavailable"}

var (
	noModel = emulator.Refusal{Status: 400, Code: "1500", Message: "Invalid model: %s"}
	noTexts = emulator.Refusal{Status: 400, Code: "3210", Message: "Input cannot be empty."}
	tooMany = emulator.Refusal{Status: 400, Code: "3210", Message: "Too many inputs in request, split into more batches."}
	tooLong = emulator.Refusal{Status: 400, Code: "3210", Message: "Input is too long: maximum input length is %d tokens, got %d."}
	tooMuch = emulator.Refusal{Status: 400, Code: "3210", Message: "Too many tokens overall, split into more batches."}
	badCut  = emulator.Refusal{Status: 400, Code: "3210", Message: "output_dimension is not supported for this model."}
	tooWide = emulator.Refusal{Status: 400, Code: "3210", Message: "output_dimension must be between 1 and %d."}
)

type vendor struct{ keys emulator.Keys }

func (v vendor) Profile() emulator.Profile {
	return emulator.Profile{Name: "mistraltest", Models: []string{"mistral-embed", "codestral-embed"}, Errors: words.Faults(), Base64: true}
}

func (v vendor) Head(h http.Header, r *emulator.Request) { h.Set("Mistral-Correlation-Id", r.ID) }

func (v vendor) Admit(r *emulator.Request) *emulator.Reply {
	switch {
	case r.URL.Path != BasePath+"/embeddings":
		return &emulator.Reply{Status: 404, Body: []byte(`{"message":"no Route matched with those values"}`)}
	case r.Method != http.MethodPost:
		return &emulator.Reply{Status: 405, Body: []byte(`{"detail":"Method Not Allowed"}`)}
	case !v.keys[r.Bearer()]:
		return refuse(words["auth"])
	}
	return nil
}

func refuse(why emulator.Refusal) *emulator.Reply {
	if why.Code == "" {
		return &emulator.Reply{Status: why.Status, Body: emulator.JSON(map[string]string{"detail": why.Message})}
	}
	return &emulator.Reply{Status: why.Status, Body: emulator.JSON(struct {
		Object  string  `json:"object"`
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    string  `json:"code"`
		Status  int     `json:"raw_status_code"`
	}{"error", why.Message, types[why.Code], nil, why.Code, why.Status})}
}

// invalid is the answer to a field that is not known or holds what it may not.
func invalid(kind, field, message string) *emulator.Reply {
	type problem struct {
		Type string   `json:"type"`
		Loc  []string `json:"loc"`
		Msg  string   `json:"msg"`
	}
	detail := []problem{{kind, []string{"body", field}, message}}
	return &emulator.Reply{Status: 422, Body: emulator.JSON(struct {
		Object  string    `json:"object"`
		Detail  []problem `json:"detail"`
		Message []problem `json:"message"`
		Type    string    `json:"type"`
		Code    int       `json:"code"`
	}{"Error", detail, detail, "invalid_request_error", 3001})}
}

func (v vendor) Fault(_ *emulator.Request, f Fault) emulator.Reply { return *refuse(words.Of(f)) }

type request struct {
	Model      string         `json:"model"`
	Input      emulator.Texts `json:"input"`
	Metadata   map[string]any `json:"metadata"`
	Dimensions *int           `json:"output_dimension"`
	Type       string         `json:"output_dtype"`
	Format     string         `json:"encoding_format"`
}

func (v vendor) Parse(_ *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	var req request
	if err := emulator.Strict(body, &req); err != nil {
		if _, field, ok := strings.Cut(err.Error(), "unknown field "); ok {
			return emulator.Call{}, invalid("extra_forbidden", strings.Trim(field, `"`), "Extra inputs are not permitted")
		}
		return emulator.Call{}, invalid("json_invalid", "input", err.Error())
	}
	m, ok := models[req.Model]
	if !ok {
		return emulator.Call{}, refuse(noModel.With(req.Model))
	}
	return emulator.Call{Model: req.Model, Texts: req.Input, Dimensions: m.dimensions, Base64: req.Format == "base64", Rest: req}, nil
}

func (v vendor) Check(r *emulator.Request, c *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	req, m := c.Rest.(request), models[c.Model]
	switch {
	case len(c.Texts) == 0, slices.Contains(c.Texts, ""):
		return refuse(noTexts), false
	case req.Type != "" && req.Type != "float":
		return invalid("enum", "output_dtype", "the emulator has float"), false
	case req.Format != "" && req.Format != "float" && req.Format != "base64":
		return invalid("enum", "encoding_format", "Input should be 'float' or 'base64'"), false
	case req.Dimensions != nil && m.longest == 0:
		return refuse(badCut), false
	case req.Dimensions != nil && (*req.Dimensions < 1 || *req.Dimensions > m.longest):
		return refuse(tooWide.With(m.longest)), false
	case req.Dimensions != nil:
		c.Dimensions = *req.Dimensions
	}
	switch over := r.Excess(c, r.Limits(c.Model, limits), tokens, emulator.CutNone); {
	case over == nil:
		return nil, false
	case over.Of == emulator.CountOfTexts:
		return refuse(tooMany), false
	case over.Of == emulator.TokensOfText:
		return refuse(tooLong.With(over.Allowed, over.Got)), true
	default:
		return refuse(tooMuch), true
	}
}

func (v vendor) Answer(dst []byte, r *emulator.Request, c *emulator.Call, items []emulator.Item, tokens int) []byte {
	dst = emulator.List(dst, items, c.Model, fmt.Sprintf(`{"prompt_tokens":%d,"total_tokens":%[1]d,"completion_tokens":0,"prompt_audio_seconds":null}`, tokens))
	return fmt.Appendf(dst[:len(dst)-1], `,"id":%q}`, strings.ReplaceAll(r.ID, "-", ""))
}
