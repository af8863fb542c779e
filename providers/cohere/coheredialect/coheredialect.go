// Package coheredialect implements the wire format of Cohere's embeddings: /v2/embed with texts, in
// float and base64, and in int8, uint8, binary and ubinary, which it computes from the floats.
package coheredialect

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

type wire struct{}

// New returns the dialect.
func New() dialect.Dialect { return wire{} }

var words = dialect.Words{
	NoPath:    dialect.Refusal{Status: 404},
	NoMethod:  dialect.Refusal{Status: 405},
	NoKey:     dialect.Refusal{Status: 401, Message: "no api key supplied", Kind: embedding.Auth},
	BadKey:    dialect.Refusal{Status: 401, Message: "invalid api token", Kind: embedding.Auth},
	NoModel:   dialect.Refusal{Status: 404, Message: "model '{model}' not found, make sure the correct model ID was used and that you have access to the model."},
	LargeBody: dialect.Refusal{Status: 413, Message: "request entity too large", Kind: embedding.TooLarge},
	Kinds: map[embedding.Kind]dialect.Refusal{
		embedding.Invalid:     {Status: 400, Message: "invalid request: {why}"},
		embedding.Rejected:    {Status: 498, Message: "invalid request: a text was rejected: {why}"}, // the service's status for blocked input
		embedding.TooLarge:    {Status: 413, Message: "invalid request: {why}"},
		embedding.RateLimited: {Status: 429, Message: "rate limit exceeded"},
		embedding.Exhausted:   {Status: 402, Message: "payment required: billing limit reached"},
		embedding.Unavailable: {Status: 503, Message: "service unavailable"},
	},
}

var (
	badRequest = dialect.Refusal{Status: 400, Message: "invalid request: {why}"}
	tooMany    = dialect.Refusal{Status: 400, Message: "invalid request: total number of texts must be at most {allowed} - received {got}"}
	tooLong    = dialect.Refusal{Status: 400, Message: "invalid request: text {index} is too long: {got} tokens exceeds the maximum of {allowed}"}
	badLength  = dialect.Refusal{Status: 422, Message: "output_dimension must be one of {lengths}"}
)

func bad(why string) *dialect.Refusal { return badRequest.With("{why}", why) }

func (wire) Routes() []dialect.Route                { return []dialect.Route{{Method: "POST", Path: "/v2/embed"}} }
func (wire) Key(r *dialect.Request) string          { return r.Bearer() }
func (wire) Head(r *dialect.Request)                { r.Out.Set("X-Debug-Trace-Id", r.ID) }
func (wire) Words(r *dialect.Request) dialect.Words { return words }

func (wire) Refuse(r *dialect.Request, why dialect.Refusal) dialect.Reply {
	if why.Message == "" {
		return dialect.Reply{Status: why.Status}
	}
	return dialect.Reply{Status: why.Status, Body: dialect.JSON(struct {
		ID      string `json:"id"`
		Message string `json:"message"`
	}{r.ID, why.Text(nil)})}
}

type request struct {
	Model      string        `json:"model"`
	Texts      dialect.Texts `json:"texts"`
	InputType  string        `json:"input_type"`
	Types      []string      `json:"embedding_types"`
	Truncate   string        `json:"truncate"`
	Dimensions int           `json:"output_dimension"`
	MaxTokens  int           `json:"max_tokens"`
	Priority   int           `json:"priority"`
}

var (
	roles = map[string]embedding.Task{"search_document": embedding.TaskDocument, "search_query": embedding.TaskQuery,
		"classification": embedding.TaskClassification, "clustering": embedding.TaskClustering}
	cuts = map[string]dialect.Cut{"": dialect.CutEnd, "END": dialect.CutEnd, "START": dialect.CutStart, "NONE": dialect.CutNone}
)

func (wire) Parse(_ *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	var req request
	if err := dialect.Strict(body, &req); err != nil {
		return dialect.Call{}, bad(err.Error())
	}
	c := dialect.Call{Model: req.Model, Texts: req.Texts, Role: req.InputType, Task: roles[req.InputType], Base64: slices.Equal(req.Types, []string{base64}),
		Cut: cuts[req.Truncate], TextTokens: max(0, req.MaxTokens), Rest: req}
	if req.Dimensions != 0 {
		c.Dimensions = &req.Dimensions
	}
	return c, nil
}

func (wire) Check(_ *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	req := c.Rest.(request)
	_, role := roles[c.Role]
	_, cut := cuts[req.Truncate]
	switch {
	case len(c.Texts) == 0:
		return bad("at least one text must be provided")
	case c.Dimensions != nil && m.Fixed():
		return bad("output_dimension is not supported for this model")
	case !m.Offers(m.Length(c)):
		return badLength.With("{lengths}", dialect.Listed(slices.Sorted(slices.Values(m.Lengths))))
	case !role:
		return bad("valid input_type must be provided with the provided model")
	case slices.ContainsFunc(req.Types, func(t string) bool { return !slices.Contains(types, t) }):
		return bad("embedding_types must be among " + strings.Join(types, ", "))
	case !cut:
		return bad("truncate must be one of NONE, START, END")
	case over == nil:
		return nil
	case over.Allowed.Texts > 0:
		return over.Refuse(tooMany)
	case over.Allowed.TextTokens > 0:
		return over.Refuse(tooLong)
	}
	return over.Refuse(*bad("too many tokens"))
}

const base64 = "base64"

// types are the values of embedding_types.
var types = []string{"float", "int8", "uint8", "binary", "ubinary", base64}

func (wire) Answer(dst []byte, r *dialect.Request, c *dialect.Call, a dialect.Answer) []byte {
	asked := c.Rest.(request).Types
	if len(asked) == 0 {
		asked = types[:1]
	}
	dst = fmt.Appendf(dst, `{"id":%q,"embeddings":{`, r.ID)
	for i, kind := range types { // each once, in the order of the service
		if !slices.Contains(asked, kind) {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = fmt.Appendf(dst, "%q:", kind)
		if i == 0 || c.Base64 {
			dst = dialect.AppendRows(dst, a.Rows, c.Base64)
			continue
		}
		dst = append(dst, '[')
		for k, row := range a.Rows {
			if k > 0 {
				dst = append(dst, ',')
			}
			if kind == base64 {
				dst = dialect.AppendBase64(dst, row.Values())
			} else {
				dst = appendSmall(dst, kind, row.Values())
			}
		}
		dst = append(dst, ']')
	}
	return fmt.Appendf(dst, `},"texts":%s,"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":%d}},"response_type":"embeddings_by_type"}`,
		dialect.JSON(c.Texts), a.Tokens)
}

// appendSmall appends v as a list of whole numbers. A byte of int8 is 127 times a value, which
// suits vectors of unit length, and uint8 is 128 more. A bit of ubinary says that a value is above
// zero, the first one in the highest bit; binary is 128 less.
func appendSmall(dst []byte, kind string, v []float32) []byte {
	dst = append(dst, '[')
	add := func(n int) { dst = append(strconv.AppendInt(dst, int64(n), 10), ',') }
	if kind == "int8" || kind == "uint8" {
		for _, f := range v {
			n := int(max(-127, min(127, math.RoundToEven(float64(f)*127))))
			if kind == "uint8" {
				n += 128
			}
			add(n)
		}
	} else {
		for ; len(v) > 0; v = v[min(8, len(v)):] {
			n := 0
			for bit, f := range v[:min(8, len(v))] {
				if f > 0 {
					n |= 128 >> bit
				}
			}
			if kind == "binary" {
				n -= 128
			}
			add(n)
		}
	}
	if dst[len(dst)-1] == ',' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, ']')
}
