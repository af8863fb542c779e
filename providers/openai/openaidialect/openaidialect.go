// Package openaidialect implements the wire format of OpenAI's embeddings: /v1/embeddings, in float
// or base64, /v1/models and /v1/models/{model}. Requests may have a field that the service does not
// have: input_type, or task, says what the texts are for.
package openaidialect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

type wire struct{}

// New returns the dialect.
func New() dialect.Dialect { return wire{} }

const server = "server_error"

var words = dialect.Words{
	NoPath:   dialect.Refusal{Status: 404, Message: "Invalid URL ({method} {path})"},
	NoMethod: dialect.Refusal{Status: 404, Message: "Invalid URL ({method} {path})", Late: true},
	NoKey: dialect.Refusal{Status: 401, Message: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth " +
		"(i.e. Authorization: Bearer YOUR_KEY). You can obtain an API key from https://platform.openai.com/account/api-keys.", Kind: embedding.Auth},
	BadKey: dialect.Refusal{Status: 401, Code: "invalid_api_key", Kind: embedding.Auth,
		Message: "Incorrect API key provided: {key}. You can find your API key at https://platform.openai.com/account/api-keys."},
	NoModel:   dialect.Refusal{Status: 404, Code: "model_not_found", Message: "The model '{model}' does not exist"},
	LargeBody: dialect.Refusal{Status: 413, Message: "The request body is too large.", Kind: embedding.TooLarge},
	Kinds: map[embedding.Kind]dialect.Refusal{
		embedding.Invalid:     {Status: 400, Message: "{why}"},
		embedding.Rejected:    {Status: 400, Code: "text_rejected", Message: "A text was rejected: {why}", Field: "input"},
		embedding.TooLarge:    {Status: 413, Message: "{why}"},
		embedding.RateLimited: {Status: 429, Code: "rate_limit_exceeded", Type: "requests", Message: "Rate limit reached for requests"},
		// The service answers 429 here, which its own clients retry again and again.
		embedding.Exhausted:   {Status: 402, Code: "insufficient_quota", Type: "insufficient_quota", Message: "You exceeded your current quota, please check your plan and billing details."},
		embedding.Unavailable: {Status: 503, Type: server, Message: "The engine is currently overloaded, please try again later"},
	},
}

var (
	badJSON  = dialect.Refusal{Status: 400, Message: "We could not parse the JSON body of your request."}
	badField = dialect.Refusal{Status: 400, Message: "'$.{field}' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."}
	badValue = dialect.Refusal{Status: 400, Message: "Invalid value for '{field}' = {value}. Supported values: [{values}]."}
	fixed    = dialect.Refusal{Status: 400, Message: "This model does not support specifying dimensions."}
	tooWide  = dialect.Refusal{Status: 400, Message: "Invalid value for 'dimensions' = {got}. Must be less than or equal to {allowed}."}
	tooLong  = dialect.Refusal{Status: 400, Message: "This model's maximum context length is {allowed} tokens, however you requested {got} tokens ({got} in your prompt; 0 for the completion). " +
		"Please reduce your prompt; or completion length."}
	tooMuch = dialect.Refusal{Status: 400, Code: "max_tokens_per_request", Type: "max_tokens_per_request", Message: "Requested {got} tokens, max {allowed} tokens per request"}
)

func (wire) Routes() []dialect.Route {
	return []dialect.Route{{Method: "POST", Path: "/v1/embeddings"}, {Path: "/v1/models", Info: list}, {Method: "GET", Path: "/v1/models/{model}", Info: one}}
}

func (wire) Key(r *dialect.Request) string { return r.Bearer() }

func (wire) Head(r *dialect.Request) {
	r.Out.Set("X-Request-Id", "req_"+strings.ReplaceAll(r.ID, "-", ""))
	r.Out.Set("Openai-Version", "2020-10-01")
}

// Words shows a wrong key as the service does: it hides all but the first eight and the last four
// characters.
func (wire) Words(r *dialect.Request) dialect.Words {
	w, key := words, r.Bearer()
	hidden := strings.Repeat("*", len(key))
	if len(key) >= 16 {
		hidden = key[:8] + hidden[12:] + key[len(key)-4:]
	}
	w.BadKey = *w.BadKey.With("{key}", hidden)
	return w
}

// model is a model in a list. The fields after Owner are of models that are Detailed.
type model struct {
	ID          string   `json:"id"`
	Object      string   `json:"object"`
	Created     *int     `json:"created,omitempty"`
	Owner       string   `json:"owned_by"`
	Aliases     []string `json:"aliases,omitempty"`
	Dimensions  int      `json:"dimensions,omitempty"`
	Lengths     []int    `json:"other_dimensions,omitempty"`
	MaxTokens   int      `json:"max_input_tokens,omitempty"`
	MaxTexts    int      `json:"max_texts,omitempty"`
	Normalized  *bool    `json:"normalized,omitempty"`
	Roles       []string `json:"roles,omitempty"`
	Space       string   `json:"space,omitempty"`
	PerMillion  float64  `json:"price_per_million_tokens,omitempty"`
	Currency    string   `json:"price_currency,omitempty"`
	PriceIsFrom string   `json:"price_as_of,omitempty"`
}

func listed(m dialect.Model) model {
	out := model{ID: m.Asked(), Object: "model", Owner: "system"}
	if !m.Detailed {
		return out
	}
	out.Created, out.Owner = new(int), m.Provider // some clients need the field
	out.Aliases, out.Dimensions, out.Space, out.Normalized = m.Aliases, m.Dimensions, string(m.Space), &m.Normalized
	out.MaxTokens, out.MaxTexts = m.Limits.TextTokens, m.Limits.Texts
	out.PerMillion, out.Currency, out.PriceIsFrom = m.Price.PerMillion, m.Price.Currency, m.Price.AsOf
	for _, n := range m.Lengths {
		if n != m.Dimensions {
			out.Lengths = append(out.Lengths, n)
		}
	}
	if !m.Symmetric {
		out.Roles = roles
	}
	return out
}

func list(_ *dialect.Request, models []dialect.Model) dialect.Reply {
	out := struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{"list", []model{}}
	for _, m := range models {
		out.Data = append(out.Data, listed(m))
	}
	return dialect.Reply{Status: 200, Body: dialect.JSON(out)}
}

func one(r *dialect.Request, models []dialect.Model) dialect.Reply {
	name := r.PathValue("model")
	var names []string
	for _, m := range models {
		if m.Asked() == name || slices.Contains(m.Aliases, name) {
			return dialect.Reply{Status: 200, Body: dialect.JSON(listed(m))}
		}
		names = append(names, m.Asked())
	}
	return wire{}.Refuse(r, *words.Unknown(name, names))
}

func (wire) Refuse(_ *dialect.Request, why dialect.Refusal) dialect.Reply {
	type problem struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}
	p := problem{Message: why.Text(nil), Type: "invalid_request_error"}
	if why.Type != "" {
		p.Type = why.Type
	}
	if why.Field != "" {
		p.Param = &why.Field
	}
	if why.Code != "" {
		p.Code = &why.Code
	}
	return dialect.Reply{Status: why.Status, Body: dialect.JSON(map[string]problem{"error": p})}
}

// request is the fields of a request that are not input.
type request struct {
	format    string
	task      string
	badField  string // one with a value of another type
	unmatched bool   // task is not one of roles
}

// mostUser bounds a name that goes nowhere, so that nobody sends texts in it.
const mostUser = 256

// roles are the values of input_type and task.
var roles = []string{"document", "query", "similarity", "classification", "clustering"}

func (wire) Parse(_ *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return dialect.Call{}, badJSON.With()
	}
	var c dialect.Call
	var req request
	var input dialect.Input
	var user string
	for name, raw := range fields {
		var to any
		switch name {
		case "model":
			to = &c.Model
		case "input":
			to = &input
		case "encoding_format":
			to = &req.format
		case "dimensions":
			to = &c.Dimensions
		case "input_type", "task":
			to = &req.task
		case "user":
			to = &user
		default:
			c.Ignored = append(c.Ignored, name)
			continue
		}
		if json.Unmarshal(raw, to) != nil && (req.badField == "" || name < req.badField) {
			req.badField = name
		}
	}
	if len(user) > mostUser && req.badField == "" {
		req.badField = "user"
	}
	if req.badField == "dimensions" {
		c.Dimensions = nil
	}
	slices.Sort(c.Ignored)
	c.Texts, c.IDs, c.Base64 = input.Texts, input.IDs, req.format == "base64"
	if at := slices.Index(roles, req.task); at >= 0 {
		c.Task = embedding.Task(at)
	} else {
		req.unmatched = req.task != ""
	}
	c.Rest = req
	return c, nil
}

func (wire) Check(_ *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	req := c.Rest.(request)
	switch {
	case req.badField != "":
		return badField.With("{field}", req.badField)
	case len(c.Texts) == 0, slices.Contains(c.Texts, ""):
		return badField.With("{field}", "input")
	case !slices.Contains([]string{"", "float", "base64"}, req.format):
		return badValue.With("{field}", "encoding_format", "{value}", strconv.Quote(req.format), "{values}", "'float', 'base64'")
	case req.unmatched:
		return badValue.With("{field}", "input_type", "{value}", strconv.Quote(req.task), "{values}", "'"+strings.Join(roles, "', '")+"'")
	case c.Dimensions != nil && m.Fixed():
		return fixed.With()
	case m.Length(c) < 1:
		return badField.With("{field}", "dimensions")
	case !m.Offers(m.Length(c)):
		return tooWide.With("{got}", strconv.Itoa(m.Length(c)), "{allowed}", strconv.Itoa(max(m.Dimensions, m.Longest)))
	case over == nil:
		return nil
	case over.Allowed.Texts > 0:
		return over.Refuse(*badField.With("{field}", "input"))
	case over.Allowed.TextTokens > 0:
		return over.Refuse(tooLong)
	}
	return over.Refuse(tooMuch)
}

func (wire) Answer(dst []byte, _ *dialect.Request, c *dialect.Call, a dialect.Answer) []byte {
	return dialect.AppendList(dst, a, c.Base64, fmt.Sprintf(`{"prompt_tokens":%d,"total_tokens":%[1]d}`, a.Tokens))
}
