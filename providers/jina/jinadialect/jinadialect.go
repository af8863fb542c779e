// Package jinadialect implements the wire format of Jina AI's embeddings: /v1/embeddings with
// texts, in float or base64.
package jinadialect

import (
	"fmt"
	"slices"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

type wire struct{}

// New returns the dialect.
func New() dialect.Dialect { return wire{} }

// keyManager is the page that the service's refusals name.
const keyManager = "https://jina.ai/api-dashboard/key-manager"

var words = dialect.Words{
	NoPath:   dialect.Refusal{Status: 404, Message: "Not Found"},
	NoMethod: dialect.Refusal{Status: 405, Message: "Method Not Allowed"},
	NoKey: dialect.Refusal{Status: 401, Code: "AUTH_MISSING_API_KEY", Kind: embedding.Auth,
		Message: "Authentication required. Provide your API key via the Authorization header: 'Authorization: Bearer <api-key>'. Get your API key at " + keyManager + "."},
	BadKey: dialect.Refusal{Status: 401, Code: "AUTH_INVALID_API_KEY", Kind: embedding.Auth,
		Message: "Invalid API key. Verify your API key at " + keyManager + " or generate a new one."},
	NoModel:   dialect.Refusal{Status: 400, Code: "INPUT_MODEL_NOT_FOUND", Message: "Model '{model}' not found. Available models: {models}."},
	LargeBody: dialect.Refusal{Status: 413, Message: "Request Entity Too Large", Kind: embedding.TooLarge},
	Kinds: map[embedding.Kind]dialect.Refusal{
		embedding.Invalid:     {Status: 400, Message: "{why}"},
		embedding.Rejected:    {Status: 400, Message: "Failed to encode text: {why}"},
		embedding.TooLarge:    {Status: 400, Message: "Batch size exceeds the limit"},
		embedding.RateLimited: {Status: 429, Code: "RATE_REQUEST_LIMIT_EXCEEDED", Message: "Request rate limit exceeded. Reduce request frequency."},
		embedding.Exhausted:   {Status: 403, Code: "AUTHZ_INSUFFICIENT_BALANCE", Message: "Insufficient account balance."},
		embedding.Unavailable: {Status: 503, Code: "SERVICE_UNAVAILABLE", Message: "Service temporarily unavailable. Please retry with exponential backoff."},
	},
}

var (
	tooMany = dialect.Refusal{Status: 400, Message: `"input" length {got} is larger than the largest allowed size {allowed}`}
	tooLong = dialect.Refusal{Status: 400, Code: "INPUT_TOKEN_LIMIT_EXCEEDED", Message: "Input text exceeds the model's maximum of {allowed} tokens. " +
		"Use 'truncate: true' to automatically truncate, or split into smaller chunks."}
	tooMuch = dialect.Refusal{Status: 400, Message: "Batch size exceeds the limit"}
)

func (wire) Routes() []dialect.Route {
	return []dialect.Route{{Method: "POST", Path: "/v1/embeddings"}}
}
func (wire) Key(r *dialect.Request) string        { return r.Bearer() }
func (wire) Head(r *dialect.Request)              { r.Out.Set("X-Request-Id", r.ID) }
func (wire) Words(*dialect.Request) dialect.Words { return words }

// invalid is the refusal of a field with a wrong value. Jina's OpenAPI document has its frame; its
// words are unknown.
func invalid(field, message string) *dialect.Refusal {
	return &dialect.Refusal{Status: 422, Form: "validation", Field: field, Message: message}
}

// Refuse writes the frame of Jina's OpenAPI document. A refusal without a code has the older form,
// which had no code.
func (wire) Refuse(r *dialect.Request, why dialect.Refusal) dialect.Reply {
	if why.Form == "validation" {
		type problem struct {
			Field   string `json:"field"`
			Message string `json:"message"`
			Type    string `json:"type"`
		}
		return dialect.Reply{Status: why.Status, Body: dialect.JSON(map[string]any{"detail": "Validation error", "errors": []problem{{why.Field, why.Text(nil), "value_error"}}})}
	}
	body := struct {
		Detail    string `json:"detail"`
		Code      string `json:"code,omitempty"`
		RequestID string `json:"request_id,omitempty"`
	}{Detail: why.Text(nil)}
	if why.Code != "" {
		body.Code, body.RequestID = why.Code, r.ID
	}
	return dialect.Reply{Status: why.Status, Body: dialect.JSON(body)}
}

type request struct {
	Model        string        `json:"model"`
	Input        dialect.Texts `json:"input"`
	Task         string        `json:"task"`
	Dimensions   *int          `json:"dimensions"`
	Normalized   *bool         `json:"normalized"`
	Type         string        `json:"embedding_type"`
	Truncate     bool          `json:"truncate"`
	LateChunking bool          `json:"late_chunking"`
}

// tasks are the tasks of all models; which model takes which task is unknown.
var tasks = map[string]embedding.Task{
	"": embedding.TaskDocument, "retrieval.query": embedding.TaskQuery, "retrieval.passage": embedding.TaskDocument,
	"text-matching": embedding.TaskSimilarity, "classification": embedding.TaskClassification, "clustering": embedding.TaskClustering,
	"separation": embedding.TaskClustering, "code.query": embedding.TaskQuery, "code.passage": embedding.TaskDocument,
}

func (wire) Parse(_ *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	var req request
	if err := dialect.Strict(body, &req); err != nil {
		return dialect.Call{}, invalid("input", err.Error())
	}
	c := dialect.Call{Model: req.Model, Role: req.Task, Task: tasks[req.Task], Texts: req.Input, Base64: req.Type == "base64", Dimensions: req.Dimensions, Rest: req}
	if req.Truncate {
		c.Cut = dialect.CutEnd
	}
	return c, nil
}

func (wire) Check(_ *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	req := c.Rest.(request)
	_, known := tasks[c.Role]
	switch {
	case len(c.Texts) == 0:
		return invalid("input", "List should have at least 1 item")
	case !m.Offers(m.Length(c)):
		return invalid("dimensions", "Input should be "+dialect.Listed(m.Lengths))
	case !known:
		return invalid("task", "Input should be 'retrieval.query', 'retrieval.passage' or 'text-matching'")
	case !slices.Contains([]string{"", "float", "base64"}, req.Type):
		return invalid("embedding_type", "Input should be 'float' or 'base64'")
	case req.LateChunking:
		return invalid("late_chunking", "there is no late chunking here")
	case over == nil:
		return nil
	case over.Allowed.Texts > 0:
		return over.Refuse(tooMany)
	case over.Allowed.TextTokens > 0:
		return over.Refuse(tooLong)
	}
	return over.Refuse(tooMuch)
}

func (wire) Answer(dst []byte, _ *dialect.Request, c *dialect.Call, a dialect.Answer) []byte {
	return dialect.AppendList(dst, a, c.Base64, fmt.Sprintf(`{"total_tokens":%d,"prompt_tokens":%[1]d}`, a.Tokens))
}
