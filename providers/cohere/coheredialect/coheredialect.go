// Package coheredialect implements the wire format of Cohere's embeddings: /v2/embed with texts, in
// either float or base64.
package coheredialect

import (
	"fmt"
	"slices"

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
	c := dialect.Call{Model: req.Model, Texts: req.Texts, Role: req.InputType, Task: roles[req.InputType], Base64: slices.Equal(req.Types, []string{"base64"}),
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
	case len(req.Types) > 1 || len(req.Types) == 1 && req.Types[0] != "float" && req.Types[0] != "base64":
		return bad("embedding_types are float or base64 here, one at a time")
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

func (wire) Answer(dst []byte, r *dialect.Request, c *dialect.Call, a dialect.Answer) []byte {
	kind := "float"
	if c.Base64 {
		kind = "base64"
	}
	dst = dialect.AppendRows(fmt.Appendf(dst, `{"id":%q,"embeddings":{%q:`, r.ID, kind), a.Rows, c.Base64)
	return fmt.Appendf(dst, `},"texts":%s,"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":%d}},"response_type":"embeddings_by_type"}`,
		dialect.JSON(c.Texts), a.Tokens)
}
