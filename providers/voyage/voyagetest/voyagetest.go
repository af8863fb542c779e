// Package voyagetest emulates Voyage AI's embeddings, so that programs and tests run against the service's limits and errors
// without a key, a network or a bill.
//
//	emulator, err := voyagetest.New(voyagetest.Options{})
//	server := httptest.NewServer(emulator)
//	// base URL: server.URL + voyagetest.BasePath, key: voyagetest.DefaultKey
//
// It is an http.Handler for /v1/embeddings with vectors of floats. The models of series 4 share one space, as the service's do;
// vectors of queries and documents differ a little.
package voyagetest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/emulator"
	"github.com/vecspace/embedding/providers/voyage"
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
	v := vendor{keys: o.GoodKeys(), models: map[string]voyage.ModelInfo{}}
	for _, m := range voyage.Models() {
		v.models[m.ID] = m
	}
	return emulator.New(v, o)
}

// words are the service's where voyage's testdata/errors.jsonl has them, else they follow its manner.
var words = emulator.Words{
	"auth":                 {Status: 401, Message: "Provided API key is invalid.", Kind: embedding.Auth},
	"forbidden":            {Status: 403, Message: "Forbidden", Kind: embedding.Auth},
	"overloaded":           {Status: 503, Message: "The server is overloaded", Kind: embedding.Unavailable},
	emulator.InternalError: {Status: 500, Message: "Internal Server Error", Kind: embedding.Unavailable},
	emulator.RequestRate: {Status: 429, Kind: embedding.RateLimited, Message: "You have not yet added your payment method in the billing page and will have reduced rate " +
		"limits of 3 RPM and 10K TPM.  Please add your payment method in the billing page (https://dash.voyageai.com/billing/payment-methods) to unlock our " +
		"standard rate limits (https://docs.voyageai.com/docs/rate-limits)."},
	emulator.TokenRate: {Status: 429, Message: "Rate limit exceeded: too many tokens per minute.", Kind: embedding.RateLimited},
}

var (
	notFound  = emulator.Refusal{Status: 404, Message: "Not Found"}
	badMethod = emulator.Refusal{Status: 405, Message: "Method Not Allowed"}
	badJSON   = emulator.Refusal{Status: 400, Message: "%s"}
	noModel   = emulator.Refusal{Status: 400, Message: "Model %s is not supported. Supported models are ['%s']."}
	noTexts   = emulator.Refusal{Status: 400, Message: "Input cannot be an empty list."}
	badValue  = emulator.Refusal{Status: 400, Message: "Value '%v' supplied for argument '%s' is not valid -- accepted values are [%s]."}
	badLength = emulator.Refusal{Status: 400, Message: "Value '%v' supplied for argument 'output_dimension' is not valid -- accepted values for '%s' are [%s]."}
	tooMany   = emulator.Refusal{Status: 400, Message: "The batch size limit is %d. Your batch size is %d."}
	tooLong   = emulator.Refusal{Status: 400, Message: "Request to model '%s' failed. The example at index %d in your batch has too many tokens and does not fit into the " +
		"model's context window of %d tokens. Please lower the number of tokens in the listed example(s) or use truncation."}
	tooMuch = emulator.Refusal{Status: 400, Message: "Request to model '%s' failed. The max allowed tokens per submitted batch is %d. Your batch has %d tokens after " +
		"truncation. Please lower the number of tokens in the batch."}
)

type vendor struct {
	keys   emulator.Keys
	models map[string]voyage.ModelInfo
}

func (v vendor) Profile() emulator.Profile {
	p := emulator.Profile{Name: "voyagetest", Errors: words.Faults(), Base64: true}
	for _, m := range voyage.Models() {
		p.Models = append(p.Models, m.ID)
	}
	return p
}

func (v vendor) Head(h http.Header, r *emulator.Request) { h.Set("Request-Id", r.ID) }

func (v vendor) Admit(r *emulator.Request) *emulator.Reply {
	switch {
	case r.URL.Path != BasePath+"/embeddings":
		return refuse(notFound)
	case r.Method != http.MethodPost:
		return refuse(badMethod)
	case !v.keys[r.Bearer()]:
		return refuse(words["auth"])
	}
	return nil
}

func refuse(why emulator.Refusal) *emulator.Reply {
	return &emulator.Reply{Status: why.Status, Body: emulator.JSON(map[string]string{"detail": why.Message})}
}

func (v vendor) Fault(_ *emulator.Request, f Fault) emulator.Reply { return *refuse(words.Of(f)) }

type request struct {
	Model      string         `json:"model"`
	Input      emulator.Texts `json:"input"`
	InputType  *string        `json:"input_type"`
	Truncation *bool          `json:"truncation"`
	Format     *string        `json:"encoding_format"`
	Dimensions *int           `json:"output_dimension"`
	Type       *string        `json:"output_dtype"`
}

// or returns what a field says, fallback where it is null or absent.
func or[T any](field *T, fallback T) T {
	if field == nil {
		return fallback
	}
	return *field
}

func (v vendor) Parse(_ *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	var req request
	if err := emulator.Strict(body, &req); err != nil { // "dimensions" is a field that it does not know
		return emulator.Call{}, refuse(badJSON.With(err))
	}
	info, ok := v.models[req.Model]
	if !ok {
		return emulator.Call{}, refuse(noModel.With(req.Model, strings.Join(v.Profile().Models, "', '")))
	}
	return emulator.Call{
		Model: req.Model, Space: info.Series, Role: or(req.InputType, ""), Texts: req.Input, Base64: or(req.Format, "") == "base64",
		Dimensions: or(req.Dimensions, info.Dimensions[0]), Rest: req,
	}, nil
}

func (v vendor) Check(r *emulator.Request, c *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	req, info := c.Rest.(request), v.models[c.Model]
	format := or(req.Format, "base64")
	switch {
	case len(c.Texts) == 0:
		return refuse(noTexts), false
	case !slices.Contains(info.Dimensions, c.Dimensions):
		return refuse(badLength.With(c.Dimensions, c.Model, listed(info.Dimensions))), false
	case !slices.Contains([]string{"", "query", "document"}, c.Role):
		return refuse(badValue.With(c.Role, "input_type", "query, document, null")), false
	case format != "base64":
		return refuse(badValue.With(format, "encoding_format", "base64, null")), false
	case or(req.Type, "float") != "float":
		return refuse(badValue.With(*req.Type, "output_dtype", "float")), false // of the emulator
	}
	cut := emulator.CutNone
	if or(req.Truncation, true) {
		cut = emulator.CutEnd
	}
	switch over := r.Excess(c, r.Limits(c.Model, info.Limits), tokens, cut); {
	case over == nil:
		return nil, false
	case over.Of == emulator.CountOfTexts:
		return refuse(tooMany.With(over.Allowed, over.Got)), false
	case over.Of == emulator.TokensOfText:
		return refuse(tooLong.With(c.Model, over.Index, over.Allowed)), true
	default:
		return refuse(tooMuch.With(c.Model, over.Allowed, over.Got)), true
	}
}

// listed are the lengths in ascending order.
func listed(dims []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(slices.Sorted(slices.Values(dims))), " ", ", "), "[]")
}

func (v vendor) Answer(dst []byte, _ *emulator.Request, c *emulator.Call, items []emulator.Item, tokens int) []byte {
	return emulator.List(dst, items, c.Model, fmt.Sprintf(`{"total_tokens":%d}`, tokens))
}
