// Package jinatest emulates Jina AI's embeddings, so that programs and tests run against the service's limits and errors
// without a key, a network or a bill.
//
//	emulator, err := jinatest.New(jinatest.Options{})
//	server := httptest.NewServer(emulator)
//	// base URL: server.URL + jinatest.BasePath, key: jinatest.DefaultKey
//
// It is an http.Handler for /v1/embeddings with texts, in float or base64. It takes the 2,048 texts of the service's own
// refusal; jina.Models keeps to 512 and says why. All other limits are those of jina.Models.
package jinatest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/emulator"
	"github.com/vecspace/embedding/providers/jina"
)

// DefaultKey is the key of an emulator whose Options name none.
const DefaultKey = emulator.DefaultKey

// BasePath is what a base URL ends in.
const BasePath = "/v1"

// MaxTexts is what the service says it takes at most in one request.
const MaxTexts = 2048

// keyManager is the page that the service's refusals name.
const keyManager = "https://jina.ai/api-dashboard/key-manager"

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
	v := vendor{keys: o.GoodKeys(), models: map[string]jina.ModelInfo{}}
	for _, m := range jina.Models() {
		v.models[m.ID] = m
	}
	return emulator.New(v, o)
}

// words are the service's where jina's testdata/errors.jsonl has them, else they follow its manner.
var words = emulator.Words{
	"auth": {Status: 401, Code: "AUTH_INVALID_API_KEY", Kind: embedding.Auth,
		Message: "Invalid API key. Verify your API key at " + keyManager + " or generate a new one."},
	"no-key": {Status: 401, Code: "AUTH_MISSING_API_KEY", Kind: embedding.Auth,
		Message: "Authentication required. Provide your API key via the Authorization header: 'Authorization: Bearer <api-key>'. Get your API key at " + keyManager + "."},
	"exhausted": {Status: 403, Code: "AUTHZ_INSUFFICIENT_BALANCE", Kind: embedding.Exhausted,
		Message: "Insufficient account balance. Top up your account at " + keyManager + "."},
	"exhausted-2": {Status: 402, Message: "Account balance not enough to run this query, please recharge", Kind: embedding.Exhausted},
	"plan-limit": {Status: 403, Code: "AUTHZ_RESOURCE_LIMIT_EXCEEDED", Kind: embedding.Exhausted,
		Message: "Resource limit exceeded for your plan. Current: 5, limit: 5. Delete existing resources or upgrade your plan at " + keyManager + "."},
	"not-encoded":          {Status: 400, Message: "[RID: 06b5f7bdde6ea380106a87fe6ab8ec5a] Failed to encode text", Kind: embedding.Rejected},
	"overloaded":           {Status: 503, Code: "SERVICE_UNAVAILABLE", Message: "Service temporarily unavailable. Please retry with exponential backoff.", Kind: embedding.Unavailable},
	"timeout":              {Status: 504, Code: "SERVICE_TIMEOUT", Message: "Service request timed out. Try with smaller inputs or retry later.", Kind: embedding.Unavailable},
	"concurrency":          {Status: 429, Code: "RATE_CONCURRENCY_LIMIT_EXCEEDED", Message: "Concurrency limit exceeded: 6/5 concurrent requests. Wait for pending requests to complete before sending new ones.", Kind: embedding.RateLimited},
	emulator.InternalError: {Status: 500, Code: "INTERNAL_ERROR", Message: "An unexpected error occurred. If this persists, contact support with the request_id from this response.", Kind: embedding.Unavailable},
	emulator.RequestRate: {Status: 429, Code: "RATE_REQUEST_LIMIT_EXCEEDED", Kind: embedding.RateLimited,
		Message: "Request rate limit exceeded: 501/500 requests per minute. Reduce request frequency or upgrade your plan at " + keyManager + "."},
	emulator.TokenRate: {Status: 429, Code: "RATE_TOKEN_LIMIT_EXCEEDED", Kind: embedding.RateLimited,
		Message: "Token rate limit exceeded: 1,000,512/1,000,000 tokens per minute. Reduce batch sizes or upgrade your plan at " + keyManager + "."},
}

var (
	notFound  = emulator.Refusal{Status: 404, Message: "Not Found"}
	badMethod = emulator.Refusal{Status: 405, Message: "Method Not Allowed"}
	noModel   = emulator.Refusal{Status: 400, Code: "INPUT_MODEL_NOT_FOUND", Message: "Model '%s' not found. Available models: %s."}
	tooMany   = emulator.Refusal{Status: 400, Message: `"input" length %d is larger than the largest allowed size %d`}
	tooLong   = emulator.Refusal{Status: 400, Code: "INPUT_TOKEN_LIMIT_EXCEEDED", Message: "Input text exceeds the model's maximum of %d tokens. " +
		"Use 'truncate: true' to automatically truncate, or split into smaller chunks."}
	tooMuch = emulator.Refusal{Status: 400, Message: "Batch size exceeds the limit"}
)

type vendor struct {
	keys   emulator.Keys
	models map[string]jina.ModelInfo
}

func (v vendor) Profile() emulator.Profile {
	p := emulator.Profile{Name: "jinatest", Errors: words.Faults(), Base64: true}
	for _, m := range jina.Models() {
		p.Models = append(p.Models, m.ID)
	}
	return p
}

func (v vendor) Head(h http.Header, r *emulator.Request) { h.Set("X-Request-Id", r.ID) }

func (v vendor) Admit(r *emulator.Request) *emulator.Reply {
	switch key := r.Bearer(); {
	case r.URL.Path != BasePath+"/embeddings":
		return refuse(r, notFound)
	case r.Method != http.MethodPost:
		return refuse(r, badMethod)
	case key == "":
		return refuse(r, words["no-key"])
	case !v.keys[key]:
		return refuse(r, words["auth"])
	}
	return nil
}

// refuse answers in the frame of Jina's OpenAPI document. A refusal without a code is of an older time, when there was none.
func refuse(r *emulator.Request, why emulator.Refusal) *emulator.Reply {
	body := struct {
		Detail    string `json:"detail"`
		Code      string `json:"code,omitempty"`
		RequestID string `json:"request_id,omitempty"`
	}{Detail: why.Message}
	if why.Code != "" {
		body.Code, body.RequestID = why.Code, r.ID
	}
	return &emulator.Reply{Status: why.Status, Body: emulator.JSON(body)}
}

// invalid is the answer to a field that holds what it may not. Its frame is that of Jina's OpenAPI document, its words are not known.
func invalid(field, message string) *emulator.Reply {
	type problem struct {
		Field   string `json:"field"`
		Message string `json:"message"`
		Type    string `json:"type"`
	}
	return &emulator.Reply{Status: 422, Body: emulator.JSON(map[string]any{"detail": "Validation error", "errors": []problem{{field, message, "value_error"}}})}
}

func (v vendor) Fault(r *emulator.Request, f Fault) emulator.Reply { return *refuse(r, words.Of(f)) }

type request struct {
	Model        string         `json:"model"`
	Input        emulator.Texts `json:"input"`
	Task         string         `json:"task"`
	Dimensions   *int           `json:"dimensions"`
	Normalized   *bool          `json:"normalized"`
	Type         string         `json:"embedding_type"`
	Truncate     bool           `json:"truncate"`
	LateChunking bool           `json:"late_chunking"`
}

// tasks are those of all models: which one takes which is not known.
var tasks = []string{"", "retrieval.query", "retrieval.passage", "text-matching", "classification", "clustering", "separation", "code.query", "code.passage"}

func (v vendor) Parse(r *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	var req request
	if err := emulator.Strict(body, &req); err != nil {
		return emulator.Call{}, invalid("input", err.Error())
	}
	info, ok := v.models[req.Model]
	if !ok {
		return emulator.Call{}, refuse(r, noModel.With(req.Model, strings.Join(slices.Sorted(maps.Keys(v.models)), ", ")))
	}
	c := emulator.Call{Model: req.Model, Role: req.Task, Texts: req.Input, Base64: req.Type == "base64", Dimensions: info.Dimensions[0], Rest: req}
	if req.Dimensions != nil {
		c.Dimensions = *req.Dimensions
	}
	return c, nil
}

func (v vendor) Check(r *emulator.Request, c *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	req, info := c.Rest.(request), v.models[c.Model]
	switch {
	case len(c.Texts) == 0:
		return invalid("input", "List should have at least 1 item"), false
	case !slices.Contains(info.Dimensions, c.Dimensions):
		return invalid("dimensions", "Input should be "+strings.Join(strings.Fields(strings.Trim(fmt.Sprint(info.Dimensions), "[]")), ", ")), false
	case !slices.Contains(tasks, c.Role):
		return invalid("task", "Input should be 'retrieval.query', 'retrieval.passage' or 'text-matching'"), false
	case !slices.Contains([]string{"", "float", "base64"}, req.Type):
		return invalid("embedding_type", "the emulator has float and base64"), false
	case req.LateChunking:
		return invalid("late_chunking", "the emulator has no late chunking"), false
	}
	documented := info.Limits
	documented.Texts = MaxTexts
	cut := emulator.CutNone
	if req.Truncate {
		cut = emulator.CutEnd
	}
	switch over := r.Excess(c, r.Limits(c.Model, documented), tokens, cut); {
	case over == nil:
		return nil, false
	case over.Of == emulator.CountOfTexts:
		return refuse(r, tooMany.With(over.Got, over.Allowed)), false
	case over.Of == emulator.TokensOfText:
		return refuse(r, tooLong.With(over.Allowed)), true
	default:
		return refuse(r, tooMuch), true
	}
}

func (v vendor) Answer(dst []byte, _ *emulator.Request, c *emulator.Call, items []emulator.Item, tokens int) []byte {
	return emulator.List(dst, items, c.Model, fmt.Sprintf(`{"total_tokens":%d,"prompt_tokens":%d}`, tokens, tokens))
}
