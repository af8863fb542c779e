// Package openaitest emulates OpenAI's embeddings, so that programs and tests run against the service's limits and errors
// without a key, a network or a bill.
//
//	emulator, err := openaitest.New(openaitest.Options{})
//	server := httptest.NewServer(emulator)
//	// base URL: server.URL + openaitest.BasePath, key: openaitest.DefaultKey
//
// It is an http.Handler for /v1/embeddings, in float or base64. Token ids, which some clients send, are taken in place of texts: they
// are counted as the service would, and their vectors are of no meaning.
package openaitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/emulator"
	"github.com/vecspace/embedding/providers/openai"
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
func New(o Options) (*Server, error) {
	v := vendor{keys: o.GoodKeys(), models: map[string]openai.ModelInfo{}}
	for _, m := range openai.Models() {
		v.models[m.ID] = m
	}
	return emulator.New(v, o)
}

const (
	invalidRequest = "invalid_request_error"
	rateLimited    = "rate_limit_exceeded"
)

// words are the service's where openai's testdata/errors.jsonl has them, else they follow its manner.
var words = emulator.Words{
	"auth":                 {Status: 401, Code: "invalid_api_key", Message: "Incorrect API key provided: sk-wrong. You can find your API key at https://platform.openai.com/account/api-keys.", Kind: embedding.Auth},
	"no-access":            {Status: 403, Code: "model_not_found", Message: "Project `proj_0` does not have access to model `text-embedding-ada-002`", Kind: embedding.Auth},
	"exhausted":            {Status: 429, Code: "insufficient_quota", Message: "You exceeded your current quota, please check your plan and billing details.", Kind: embedding.Exhausted},
	"overloaded":           {Status: 503, Message: "The engine is currently overloaded, please try again later", Kind: embedding.Unavailable},
	emulator.InternalError: {Status: 500, Message: "The server had an error while processing your request. Sorry about that!", Kind: embedding.Unavailable},
	emulator.RequestRate: {Status: 429, Code: rateLimited, Kind: embedding.RateLimited,
		Message: "Rate limit reached for default-text-embedding-ada-002 in organization org-0 on requests per min. Contact us through our help center at help.openai.com if you continue to have issues."},
	emulator.TokenRate: {Status: 429, Code: rateLimited, Kind: embedding.RateLimited,
		Message: "Rate limit reached for text-embedding-3-small in organization org-0 on tokens per min (TPM). Visit https://platform.openai.com/account/rate-limits to learn more."},
}

// types are the types of errors by their code or, without one, by their status.
var types = map[any]string{rateLimited: "requests", "insufficient_quota": "insufficient_quota", "max_tokens_per_request": "max_tokens_per_request",
	500: "server_error", 503: "server_error"}

var (
	noKey = emulator.Refusal{Status: 401, Message: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth " +
		"(i.e. Authorization: Bearer YOUR_KEY). You can obtain an API key from https://platform.openai.com/account/api-keys."}
	wrongKey = emulator.Refusal{Status: 401, Code: "invalid_api_key", Message: "Incorrect API key provided: %s. You can find your API key at https://platform.openai.com/account/api-keys."}
	badPath  = emulator.Refusal{Status: 404, Message: "Invalid URL (%s %s)"}
	badJSON  = emulator.Refusal{Status: 400, Message: "We could not parse the JSON body of your request."}
	badField = emulator.Refusal{Status: 400, Message: "'$.%s' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."}
	noModel  = emulator.Refusal{Status: 404, Code: "model_not_found", Message: "The model '%s' does not exist"}
	fixed    = emulator.Refusal{Status: 400, Message: "This model does not support specifying dimensions."}
	tooWide  = emulator.Refusal{Status: 400, Message: "Invalid value for 'dimensions' = %d. Must be less than or equal to %d."}
	tooLong  = emulator.Refusal{Status: 400, Message: "This model's maximum context length is %d tokens, however you requested %[2]d tokens (%[2]d in your prompt; 0 for the completion). " +
		"Please reduce your prompt; or completion length."}
	tooMuch = emulator.Refusal{Status: 400, Code: "max_tokens_per_request", Message: "Requested %d tokens, max %d tokens per request"}
)

type vendor struct {
	keys   emulator.Keys
	models map[string]openai.ModelInfo
}

func (v vendor) Profile() emulator.Profile {
	p := emulator.Profile{Name: "openaitest", Errors: words.Faults(), Base64: true}
	for _, m := range openai.Models() {
		p.Models = append(p.Models, m.ID)
	}
	return p
}

func (v vendor) Head(h http.Header, r *emulator.Request) {
	h.Set("X-Request-Id", "req_"+strings.ReplaceAll(r.ID, "-", ""))
	h.Set("Openai-Version", "2020-10-01")
}

func (v vendor) Admit(r *emulator.Request) *emulator.Reply {
	switch key := r.Bearer(); {
	case r.URL.Path != BasePath+"/embeddings" && r.URL.Path != BasePath+"/models":
		return refuse(badPath.With(r.Method, r.URL.Path))
	case key == "":
		return refuse(noKey)
	case !v.keys[key]:
		return refuse(wrongKey.With(masked(key)))
	case r.URL.Path == BasePath+"/models":
		return &emulator.Reply{Status: 200, Body: v.list()}
	case r.Method != http.MethodPost:
		return refuse(badPath.With(r.Method, r.URL.Path))
	}
	return nil
}

func (v vendor) list() []byte {
	type model struct {
		ID     string `json:"id"`
		Object string `json:"object"`
		Owner  string `json:"owned_by"`
	}
	out := struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{Object: "list"}
	for _, m := range openai.Models() {
		out.Data = append(out.Data, model{m.ID, "model", "system"})
	}
	return emulator.JSON(out)
}

// masked hides a key as the service does: all but its first eight and last four characters.
func masked(key string) string {
	if len(key) < 16 {
		return strings.Repeat("*", len(key))
	}
	return key[:8] + strings.Repeat("*", len(key)-12) + key[len(key)-4:]
}

func refuse(why emulator.Refusal) *emulator.Reply {
	type problem struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	p := problem{Message: why.Message, Type: invalidRequest}
	if why.Code != "" {
		p.Code = &why.Code
	}
	for _, by := range []any{why.Status, why.Code} {
		if t, ok := types[by]; ok {
			p.Type = t
		}
	}
	return &emulator.Reply{Status: why.Status, Body: emulator.JSON(map[string]problem{"error": p})}
}

func (v vendor) Fault(_ *emulator.Request, f Fault) emulator.Reply { return *refuse(words.Of(f)) }

type request struct {
	Model      string         `json:"model"`
	Input      emulator.Input `json:"input"`
	Format     string         `json:"encoding_format"`
	Dimensions *int           `json:"dimensions"`
	User       string         `json:"user"`
}

func (v vendor) Parse(_ *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	var req request
	if err := json.Unmarshal(body, &req); err != nil {
		return emulator.Call{}, refuse(badJSON)
	}
	info, ok := v.models[req.Model]
	if !ok {
		return emulator.Call{}, refuse(noModel.With(req.Model))
	}
	c := emulator.Call{Model: req.Model, Texts: req.Input.Texts, Base64: req.Format == "base64", Dimensions: info.Dimensions}
	if req.Dimensions != nil {
		c.Dimensions = *req.Dimensions
	}
	c.Rest = req
	return c, nil
}

func (v vendor) Check(r *emulator.Request, c *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	req, info := c.Rest.(request), v.models[c.Model]
	req.Input.Count(tokens)
	switch {
	case len(c.Texts) == 0, slices.Contains(c.Texts, ""):
		return refuse(badField.With("input")), false
	case req.Format != "" && req.Format != "float" && req.Format != "base64":
		return refuse(badField.With("encoding_format")), false
	case req.Dimensions != nil && info.Fixed:
		return refuse(fixed), false
	case c.Dimensions < 1:
		return refuse(badField.With("dimensions")), false
	case c.Dimensions > info.Dimensions:
		return refuse(tooWide.With(c.Dimensions, info.Dimensions)), false
	}
	switch over := r.Excess(c, r.Limits(c.Model, info.Limits), tokens, emulator.CutNone); {
	case over == nil:
		return nil, false
	case over.Of == emulator.CountOfTexts:
		return refuse(badField.With("input")), false
	case over.Of == emulator.TokensOfText:
		return refuse(tooLong.With(over.Allowed, over.Got)), true
	default:
		return refuse(tooMuch.With(over.Got, over.Allowed)), true
	}
}

func (v vendor) Answer(dst []byte, _ *emulator.Request, c *emulator.Call, items []emulator.Item, tokens int) []byte {
	return emulator.List(dst, items, c.Model, fmt.Sprintf(`{"prompt_tokens":%d,"total_tokens":%[1]d}`, tokens))
}
