// Package voyagedialect implements the wire format of Voyage AI's embeddings: /v1/embeddings, in
// float.
package voyagedialect

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
	NoPath:    dialect.Refusal{Status: 404, Message: "Not Found"},
	NoMethod:  dialect.Refusal{Status: 405, Message: "Method Not Allowed"},
	NoKey:     badKey,
	BadKey:    badKey,
	NoModel:   dialect.Refusal{Status: 400, Message: "Model {model} is not supported. Supported models are [{'models'}]."},
	LargeBody: dialect.Refusal{Status: 413, Message: "Request Entity Too Large", Kind: embedding.TooLarge},
	Kinds: map[embedding.Kind]dialect.Refusal{
		embedding.Invalid:     {Status: 400, Message: "{why}"},
		embedding.Rejected:    {Status: 400, Message: "{why}"}, // the service has words only for a text that is too long
		embedding.TooLarge:    {Status: 413, Message: "{why}"},
		embedding.RateLimited: {Status: 429, Message: "Rate limit exceeded."},
		embedding.Exhausted:   {Status: 402, Message: "Payment Required"},
		embedding.Unavailable: {Status: 503, Message: "The server is overloaded"},
	},
}

var (
	badKey    = dialect.Refusal{Status: 401, Message: "Provided API key is invalid.", Kind: embedding.Auth}
	badJSON   = dialect.Refusal{Status: 400, Message: "{why}"}
	noTexts   = dialect.Refusal{Status: 400, Message: "Input cannot be an empty list."}
	badValue  = dialect.Refusal{Status: 400, Message: "Value '{value}' supplied for argument '{field}' is not valid -- accepted values are [{values}]."}
	badLength = dialect.Refusal{Status: 400, Message: "Value '{value}' supplied for argument 'output_dimension' is not valid -- accepted values for '{model}' are [{values}]."}
	tooMany   = dialect.Refusal{Status: 400, Message: "The batch size limit is {allowed}. Your batch size is {got}."}
	tooLong   = dialect.Refusal{Status: 400, Message: "Request to model '{model}' failed. The example at index {index} in your batch has too many tokens and does not fit into the " +
		"model's context window of {allowed} tokens. Please lower the number of tokens in the listed example(s) or use truncation."}
	tooMuch = dialect.Refusal{Status: 400, Message: "Request to model '{model}' failed. The max allowed tokens per submitted batch is {allowed}. Your batch has {got} tokens after " +
		"truncation. Please lower the number of tokens in the batch."}
)

func (wire) Routes() []dialect.Route {
	return []dialect.Route{{Method: "POST", Path: "/v1/embeddings"}}
}
func (wire) Key(r *dialect.Request) string        { return r.Bearer() }
func (wire) Head(r *dialect.Request)              { r.Out.Set("Request-Id", r.ID) }
func (wire) Words(*dialect.Request) dialect.Words { return words }

func (wire) Refuse(_ *dialect.Request, why dialect.Refusal) dialect.Reply {
	return dialect.Reply{Status: why.Status, Body: dialect.JSON(map[string]string{"detail": why.Text(nil)})}
}

type request struct {
	Model      string        `json:"model"`
	Input      dialect.Texts `json:"input"`
	InputType  *string       `json:"input_type"`
	Truncation *bool         `json:"truncation"`
	Format     *string       `json:"encoding_format"`
	Dimensions *int          `json:"output_dimension"`
	Type       *string       `json:"output_dtype"`
}

// or returns the value of a field, or fallback if the field is null or absent.
func or[T any](field *T, fallback T) T {
	if field == nil {
		return fallback
	}
	return *field
}

// tasks are the service's names. A request without a task gets no prompt.
var tasks = map[string]embedding.Task{"": embedding.TaskSimilarity, "query": embedding.TaskQuery, "document": embedding.TaskDocument}

func (wire) Parse(_ *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	var req request
	if err := dialect.Strict(body, &req); err != nil { // the service does not know "dimensions"
		return dialect.Call{}, badJSON.With("{why}", err.Error())
	}
	c := dialect.Call{Model: req.Model, Role: or(req.InputType, ""), Texts: req.Input, Base64: or(req.Format, "") == "base64", Dimensions: req.Dimensions, Rest: req}
	c.Task = tasks[c.Role]
	if or(req.Truncation, true) {
		c.Cut = dialect.CutEnd
	}
	return c, nil
}

func (wire) Check(_ *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	req := c.Rest.(request)
	value := func(got, field, values string) *dialect.Refusal {
		return badValue.With("{value}", got, "{field}", field, "{values}", values)
	}
	_, known := tasks[c.Role]
	switch {
	case len(c.Texts) == 0:
		return noTexts.With()
	case !m.Offers(m.Length(c)):
		return badLength.With("{value}", fmt.Sprint(m.Length(c)), "{model}", c.Model, "{values}", dialect.Listed(slices.Sorted(slices.Values(m.Lengths))))
	case !known:
		return value(c.Role, "input_type", "query, document, null")
	case or(req.Format, "base64") != "base64":
		return value(*req.Format, "encoding_format", "base64, null")
	case or(req.Type, "float") != "float":
		return value(*req.Type, "output_dtype", "float") // the service has more types
	case over == nil:
		return nil
	case over.Allowed.Texts > 0:
		return over.Refuse(tooMany)
	case over.Allowed.TextTokens > 0:
		return over.Refuse(*tooLong.With("{model}", c.Model))
	}
	return over.Refuse(*tooMuch.With("{model}", c.Model))
}

func (wire) Answer(dst []byte, _ *dialect.Request, c *dialect.Call, a dialect.Answer) []byte {
	return dialect.AppendList(dst, a, c.Base64, fmt.Sprintf(`{"total_tokens":%d}`, a.Tokens))
}
