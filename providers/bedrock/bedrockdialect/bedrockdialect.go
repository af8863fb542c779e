// Package bedrockdialect implements the wire format of Amazon Bedrock's text embeddings:
// /model/{model}/invoke, in the forms of Titan v2 and of Cohere's models. Its key is a Bedrock API
// key. The host verifies signatures.
package bedrockdialect

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

type wire struct{}

// New returns the dialect.
func New() dialect.Dialect { return wire{} }

const validation = "ValidationException"

var words = dialect.Words{
	NoPath:    dialect.Refusal{Status: 404, Code: "UnknownOperationException"},
	NoMethod:  dialect.Refusal{Status: 404, Code: "UnknownOperationException"},
	NoKey:     dialect.Refusal{Status: 403, Code: "MissingAuthenticationToken", Message: "Missing Authentication Token", Kind: embedding.Auth},
	BadKey:    dialect.Refusal{Status: 403, Code: "UnrecognizedClientException", Message: "The security token included in the request is invalid.", Kind: embedding.Auth},
	NoModel:   dialect.Refusal{Status: 400, Code: validation, Message: "The provided model identifier is invalid."},
	LargeBody: dialect.Refusal{Status: 413, Code: "RequestEntityTooLargeException", Message: "The request is too large.", Kind: embedding.TooLarge},
	Kinds: map[embedding.Kind]dialect.Refusal{
		embedding.Invalid:     {Status: 400, Code: validation, Message: "{why}"},
		embedding.Rejected:    {Status: 400, Code: validation, Message: "{why}"}, // the service has words only for a text that is too long
		embedding.TooLarge:    {Status: 413, Code: "RequestEntityTooLargeException", Message: "{why}"},
		embedding.RateLimited: {Status: 429, Code: "ThrottlingException", Message: "Too many requests, please wait before trying again."},
		embedding.Exhausted:   {Status: 400, Code: "ServiceQuotaExceededException", Message: "Your request exceeds the service quota for your account."},
		embedding.Unavailable: {Status: 503, Code: "ServiceUnavailableException", Message: "The service isn't currently available. Try again later."},
	},
}

var (
	malformed = dialect.Refusal{Status: 400, Code: validation, Message: "Malformed input request: {why}, please reformat your input and try again."}
	tooLong   = dialect.Refusal{Status: 400, Code: validation, Message: "400 Bad Request: Too many input tokens. Max input tokens: {allowed}, request input token count: {got} "}
	tooLongIn = dialect.Refusal{Status: 400, Code: validation, Message: "Input is too long for requested model."}
)

func bad(format string, args ...any) *dialect.Refusal {
	return malformed.With("{why}", fmt.Sprintf(format, args...))
}

func (wire) Routes() []dialect.Route {
	return []dialect.Route{{Method: "POST", Path: "/model/{model}/invoke"}}
}

func (wire) Key(r *dialect.Request) string        { return r.Bearer() }
func (wire) Head(r *dialect.Request)              { r.Out.Set("X-Amzn-Requestid", r.ID) }
func (wire) Words(*dialect.Request) dialect.Words { return words }

func (wire) Refuse(r *dialect.Request, why dialect.Refusal) dialect.Reply {
	r.Out.Set("X-Amzn-Errortype", why.Code+":http://internal.amazon.com/coral/com.amazon.bedrock/")
	return dialect.Reply{Status: why.Status, Body: dialect.JSON(map[string]string{"message": why.Text(nil)})}
}

// Parse chooses the format by the model's name, or by the body if the name does not decide.
func (wire) Parse(r *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	name := r.PathValue("model")
	if strings.Contains(name, "titan") || !strings.Contains(name, "cohere") && strings.Contains(string(body), `"inputText"`) {
		return parseTitan(name, body)
	}
	return parseCohere(name, body)
}

func (wire) Check(_ *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	if req, ok := c.Rest.(titan); ok {
		return req.check(c, m, over)
	}
	return c.Rest.(cohere).check(c, m, over)
}

func (wire) Answer(dst []byte, r *dialect.Request, c *dialect.Call, a dialect.Answer) []byte {
	r.Out.Set("X-Amzn-Bedrock-Input-Token-Count", strconv.Itoa(a.Tokens))
	rows := string(dialect.AppendRows(nil, a.Rows, false))
	req, ok := c.Rest.(cohere)
	if !ok {
		one := strings.TrimSuffix(strings.TrimPrefix(rows, "["), "]")
		if one == "" {
			one = "null" // for the fault that leaves a vector out
		}
		return fmt.Appendf(dst, `{"embedding":%s,"embeddingsByType":{"float":%[1]s},"inputTextTokenCount":%d}`, one, a.Tokens)
	}
	form := "embeddings_floats"
	if len(req.Types) > 0 {
		form, rows = "embeddings_by_type", `{"float":`+rows+`}`
	}
	return fmt.Appendf(dst, `{"id":%q,"texts":%s,"embeddings":%s,"response_type":%q}`, r.ID, dialect.JSON(c.Texts), rows, form)
}
