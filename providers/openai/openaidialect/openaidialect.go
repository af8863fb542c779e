// Package openaidialect implements the wire format of OpenAI's embeddings: /v1/embeddings, in float
// or base64, and /v1/models.
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
	fixed    = dialect.Refusal{Status: 400, Message: "This model does not support specifying dimensions."}
	tooWide  = dialect.Refusal{Status: 400, Message: "Invalid value for 'dimensions' = {got}. Must be less than or equal to {allowed}."}
	tooLong  = dialect.Refusal{Status: 400, Message: "This model's maximum context length is {allowed} tokens, however you requested {got} tokens ({got} in your prompt; 0 for the completion). " +
		"Please reduce your prompt; or completion length."}
	tooMuch = dialect.Refusal{Status: 400, Code: "max_tokens_per_request", Type: "max_tokens_per_request", Message: "Requested {got} tokens, max {allowed} tokens per request"}
)

func (wire) Routes() []dialect.Route {
	return []dialect.Route{{Method: "POST", Path: "/v1/embeddings"}, {Path: "/v1/models", Info: list}}
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

func list(_ *dialect.Request, models []dialect.Model) dialect.Reply {
	type model struct {
		ID     string `json:"id"`
		Object string `json:"object"`
		Owner  string `json:"owned_by"`
	}
	out := struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{Object: "list"}
	for _, m := range models {
		out.Data = append(out.Data, model{m.Asked(), "model", "system"})
	}
	return dialect.Reply{Status: 200, Body: dialect.JSON(out)}
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

type request struct {
	Model      string        `json:"model"`
	Input      dialect.Input `json:"input"`
	Format     string        `json:"encoding_format"`
	Dimensions *int          `json:"dimensions"`
	User       string        `json:"user"`
}

func (wire) Parse(_ *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	var req request
	if err := json.Unmarshal(body, &req); err != nil {
		return dialect.Call{}, badJSON.With()
	}
	return dialect.Call{Model: req.Model, Texts: req.Input.Texts, IDs: req.Input.IDs, Base64: req.Format == "base64", Dimensions: req.Dimensions, Rest: req.Format}, nil
}

func (wire) Check(_ *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	switch {
	case len(c.Texts) == 0, slices.Contains(c.Texts, ""):
		return badField.With("{field}", "input")
	case !slices.Contains([]string{"", "float", "base64"}, c.Rest.(string)):
		return badField.With("{field}", "encoding_format")
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
