// Package teidialect implements the wire format of Hugging Face's Text Embeddings Inference:
// /embed, /info and /health. Requests name no model.
package teidialect

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

// text is the form of refusals that are not JSON.
const text = "text"

var words = dialect.Words{
	NoPath:    dialect.Refusal{Status: 404, Late: true},
	NoMethod:  dialect.Refusal{Status: 405, Late: true},
	NoKey:     dialect.Refusal{Status: 401, Kind: embedding.Auth},
	BadKey:    dialect.Refusal{Status: 401, Kind: embedding.Auth},
	NoModel:   dialect.Refusal{Status: 424, Type: "Backend", Message: "model {model} is not served: there are {models}"},
	LargeBody: dialect.Refusal{Status: 413, Form: text, Message: "Failed to buffer the request body: length limit exceeded", Kind: embedding.TooLarge},
	Kinds: map[embedding.Kind]dialect.Refusal{
		embedding.Invalid:     {Status: 422, Type: "Validation", Message: "Input validation error: {why}"},
		embedding.Rejected:    {Status: 422, Type: "Tokenizer", Message: "Tokenization error: {why}"},
		embedding.TooLarge:    {Status: 413, Form: text, Message: "Failed to buffer the request body: length limit exceeded"},
		embedding.RateLimited: {Status: 429, Type: "Overloaded", Message: "Model is overloaded"},
		embedding.Exhausted:   {Status: 402, Type: "Exhausted", Message: "quota exhausted"}, // the server has no such error
		embedding.Unavailable: {Status: 503, Type: "Unhealthy", Message: "unhealthy"},
	},
}

var (
	tooMany  = dialect.Refusal{Status: 422, Type: "Validation", Message: "batch size {got} > maximum allowed batch size {allowed}"}
	tooLong  = dialect.Refusal{Status: 422, Type: "Validation", Message: "Input validation error: `inputs` must have less than {allowed} tokens. Given: {got}"}
	noPrompt = dialect.Refusal{Status: 422, Type: "Validation", Message: "Input validation error: `default-prompt-name` is set to `{prompt}` but it was not found in the Sentence Transformers prompts. " +
		`Available prompts: ["query"]`}
	badCut  = dialect.Refusal{Status: 422, Type: "Validation", Message: "Input validation error: `dimensions` should be at most {allowed}"}
	empty   = dialect.Refusal{Status: 400, Type: "Empty", Message: "`inputs` cannot be empty"}
	badBody = dialect.Refusal{Status: 422, Form: text, Message: "Failed to deserialize the JSON body into the target type: {why}"}
)

func (wire) Routes() []dialect.Route {
	health := func(*dialect.Request, []dialect.Model) dialect.Reply { return dialect.Reply{Status: 200} }
	return []dialect.Route{{Method: "POST", Path: "/embed"}, {Method: "GET", Path: "/info", Info: info}, {Method: "GET", Path: "/health", Info: health, Open: true}}
}

func (wire) Key(r *dialect.Request) string        { return r.Bearer() }
func (wire) Head(*dialect.Request)                {}
func (wire) Words(*dialect.Request) dialect.Words { return words }

// info describes the first model, because a server has only one.
func info(_ *dialect.Request, models []dialect.Model) dialect.Reply {
	m := models[0]
	return dialect.Reply{Status: 200, Body: fmt.Appendf(nil, `{"model_id":%q,"model_sha":null,"model_dtype":"float16","model_type":{"embedding":{"pooling":"cls"}},"max_concurrent_requests":512,`+
		`"max_input_length":%d,"max_batch_tokens":16384,"max_batch_requests":null,"max_client_batch_size":%d,"auto_truncate":false,"tokenization_workers":4,`+
		`"version":"1.9.3","sha":null,"docker_label":null}`, m.ID, m.Limits.TextTokens, m.Limits.Texts)}
}

// Refuse writes no body if there is no message.
func (wire) Refuse(_ *dialect.Request, why dialect.Refusal) dialect.Reply {
	switch {
	case why.Message == "":
		return dialect.Reply{Status: why.Status}
	case why.Form == text:
		return dialect.Reply{Status: why.Status, Type: "text/plain; charset=utf-8", Body: []byte(why.Text(nil))}
	}
	return dialect.Reply{Status: why.Status, Body: dialect.JSON(struct {
		Error string `json:"error"`
		Type  string `json:"error_type"`
	}{why.Text(nil), why.Type})}
}

type request struct {
	Inputs     dialect.Texts `json:"inputs"`
	Truncate   bool          `json:"truncate"`
	Direction  string        `json:"truncation_direction"`
	PromptName string        `json:"prompt_name"`
	Dimensions *int          `json:"dimensions"`
}

func (wire) Parse(_ *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	var req request
	err := json.Unmarshal(body, &req)
	if err == nil && !strings.Contains(string(body), `"inputs"`) {
		err = fmt.Errorf("missing field `inputs`")
	}
	if err != nil {
		return dialect.Call{}, badBody.With("{why}", err.Error())
	}
	c := dialect.Call{Role: req.PromptName, Texts: req.Inputs, Dimensions: req.Dimensions}
	if c.Role == "query" {
		c.Task = embedding.TaskQuery
	}
	switch {
	case req.Truncate && strings.EqualFold(req.Direction, "left"):
		c.Cut = dialect.CutStart
	case req.Truncate:
		c.Cut = dialect.CutEnd
	}
	return c, nil
}

func (wire) Check(_ *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	switch {
	case len(c.Texts) == 0:
		return empty.With()
	case over != nil && over.Allowed.Texts > 0:
		return over.Refuse(tooMany)
	case slices.Contains(c.Texts, ""):
		return empty.With()
	case c.Role != "" && c.Role != "query":
		return noPrompt.With("{prompt}", c.Role)
	case !m.Offers(m.Length(c)):
		return badCut.With("{allowed}", strconv.Itoa(m.Dimensions))
	case over != nil:
		return over.Refuse(tooLong)
	}
	return nil
}

func (wire) Answer(dst []byte, r *dialect.Request, c *dialect.Call, a dialect.Answer) []byte {
	r.Out.Set("X-Compute-Type", "cpu")
	r.Out.Set("X-Compute-Tokens", strconv.Itoa(a.Tokens))
	return dialect.AppendRows(dst, a.Rows, c.Base64)
}
