// Package geminidialect implements the wire format of the Gemini API's embeddings:
// batchEmbedContents and embedContent, of v1beta and of v1.
package geminidialect

import (
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

type wire struct{}

// New returns the dialect.
func New() dialect.Dialect { return wire{} }

const (
	wrong     = "INVALID_ARGUMENT"
	exhausted = "RESOURCE_EXHAUSTED"
)

var words = dialect.Words{
	NoPath:   dialect.Refusal{Status: 404},
	NoMethod: dialect.Refusal{Status: 404},
	NoKey:    dialect.Refusal{Status: 403, Code: "PERMISSION_DENIED", Message: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.", Kind: embedding.Auth},
	BadKey:   dialect.Refusal{Status: 400, Code: wrong, Message: badKey, Kind: embedding.Auth},
	NoModel: dialect.Refusal{Status: 404, Code: "NOT_FOUND", Message: "models/{model} is not found for API version v1beta, or is not supported for embedContent. " +
		"Call ListModels to see the list of available models and their supported methods."},
	LargeBody: dialect.Refusal{Status: 400, Code: wrong, Message: "Request payload size exceeds the limit: {allowed} bytes.", Kind: embedding.TooLarge},
	Kinds: map[embedding.Kind]dialect.Refusal{
		embedding.Invalid:     {Status: 400, Code: wrong, Message: "Request contains an invalid argument: {why}"},
		embedding.Rejected:    {Status: 400, Code: wrong, Message: "Request contains an invalid argument: {why}"}, // the service cuts what is too long
		embedding.TooLarge:    {Status: 400, Code: wrong, Message: "Request payload size exceeds the limit."},
		embedding.RateLimited: {Status: 429, Code: exhausted, Message: "Resource has been exhausted (e.g. check quota)."},
		embedding.Exhausted:   {Status: 429, Code: exhausted, Message: "Your prepayment credits are depleted."},
		embedding.Unavailable: {Status: 503, Code: "UNAVAILABLE", Message: "The model is overloaded. Please try again later."},
	},
}

const badKey = "API key not valid. Please pass a valid API key."

var (
	badJSON  = dialect.Refusal{Status: 400, Code: wrong, Message: "Invalid JSON payload received. {why}"}
	badValue = dialect.Refusal{Status: 400, Code: wrong, Message: "Request contains an invalid argument."}
	tooMany  = dialect.Refusal{Status: 400, Code: wrong, Message: "* BatchEmbedContentsRequest.requests: at most {allowed} requests can be in one batch\n"}
	tooMuch  = dialect.Refusal{Status: 400, Code: wrong, Message: "Request payload size exceeds the limit: {allowed} bytes."}
)

func (wire) Routes() []dialect.Route {
	return []dialect.Route{
		{Method: "POST", Path: "/v1beta/models/{model}:batchEmbedContents"}, {Method: "POST", Path: "/v1beta/models/{model}:embedContent"},
		{Method: "POST", Path: "/v1/models/{model}:batchEmbedContents"}, {Method: "POST", Path: "/v1/models/{model}:embedContent"},
	}
}

func (wire) Key(r *dialect.Request) string {
	switch token := r.Bearer(); {
	case r.Header.Get("X-Goog-Api-Key") != "":
		return r.Header.Get("X-Goog-Api-Key")
	case r.URL.Query().Get("key") != "" || token == "":
		return r.URL.Query().Get("key")
	default:
		return "Bearer " + token
	}
}

func (wire) Head(r *dialect.Request)              { r.Out.Set("Server", "scaffolding on HTTPServer2") }
func (wire) Words(*dialect.Request) dialect.Words { return words }

func (wire) Refuse(_ *dialect.Request, why dialect.Refusal) dialect.Reply {
	if why.Message == "" {
		return dialect.Reply{Status: why.Status}
	}
	type info struct {
		Type   string `json:"@type"`
		Reason string `json:"reason"`
		Domain string `json:"domain"`
	}
	type problem struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Status  string `json:"status"`
		Details []info `json:"details,omitempty"`
	}
	p := problem{Code: why.Status, Message: why.Text(nil), Status: why.Code}
	if why.Kind == embedding.Auth && why.Code == wrong {
		p.Details = []info{{"type.googleapis.com/google.rpc.ErrorInfo", "API_KEY_INVALID", "googleapis.com"}}
	}
	return dialect.Reply{Status: why.Status, Body: dialect.JSON(map[string]problem{"error": p})}
}

type one struct {
	Model   string `json:"model"`
	Content struct {
		Role  string `json:"role"`
		Parts []struct {
			Text string `json:"text"`
		} `json:"parts"`
	} `json:"content"`
	Task       string `json:"taskType"`
	Title      string `json:"title"`
	Dimensions int    `json:"outputDimensionality"`
}

var tasks = map[string]embedding.Task{
	"": embedding.TaskDocument, "RETRIEVAL_QUERY": embedding.TaskQuery, "RETRIEVAL_DOCUMENT": embedding.TaskDocument,
	"SEMANTIC_SIMILARITY": embedding.TaskSimilarity, "CLASSIFICATION": embedding.TaskClassification, "CLUSTERING": embedding.TaskClustering,
	"QUESTION_ANSWERING": embedding.TaskQuery, "FACT_VERIFICATION": embedding.TaskQuery, "CODE_RETRIEVAL_QUERY": embedding.TaskQuery,
}

func alone(r *dialect.Request) bool { return strings.HasSuffix(r.URL.Path, ":embedContent") }

func (wire) Parse(r *dialect.Request, body []byte) (dialect.Call, *dialect.Refusal) {
	c := dialect.Call{Model: r.PathValue("model"), Cut: dialect.CutEnd, Raw: true}
	var batch struct {
		Requests []one `json:"requests"`
	}
	var err error
	if alone(r) {
		batch.Requests = make([]one, 1)
		err = dialect.Strict(body, &batch.Requests[0])
		batch.Requests[0].Model = "models/" + c.Model // it need not be there
	} else {
		err = dialect.Strict(body, &batch)
	}
	if err != nil {
		return c, badJSON.With("{why}", err.Error())
	}
	for i, req := range batch.Requests {
		var text string
		for _, p := range req.Content.Parts {
			text += p.Text
		}
		c.Texts = append(c.Texts, text)
		if i == 0 {
			c.Role, c.Task = req.Task, tasks[req.Task]
		}
		if i == 0 && req.Dimensions != 0 {
			c.Dimensions = &req.Dimensions
		}
	}
	c.Rest = batch.Requests
	return c, nil
}

// Check refuses requests of one batch that differ in dimensions or task, which the service would
// take.
func (wire) Check(_ *dialect.Request, c *dialect.Call, m dialect.Model, over *dialect.Excess) *dialect.Refusal {
	all := c.Rest.([]one)
	switch {
	case len(all) == 0:
		return badValue.With()
	case over != nil && over.Allowed.Texts > 0:
		return over.Refuse(tooMany)
	}
	for _, req := range all {
		_, known := tasks[req.Task]
		if req.Model != "models/"+c.Model || len(req.Content.Parts) == 0 || !known || req.Dimensions != all[0].Dimensions || req.Task != all[0].Task {
			return badValue.With()
		}
	}
	switch {
	case !m.Offers(m.Length(c)), slices.Contains(c.Texts, ""):
		return badValue.With()
	case over != nil:
		return over.Refuse(tooMuch)
	}
	return nil
}

func (wire) Answer(dst []byte, r *dialect.Request, _ *dialect.Call, a dialect.Answer) []byte {
	values := func(row dialect.Row) {
		if string(row.Encoded) == "null" {
			dst = append(dst, "null"...)
			return
		}
		dst = append(row.Append(append(dst, `{"values":`...), false), '}')
	}
	if alone(r) && len(a.Rows) == 1 {
		dst = append(dst, `{"embedding":`...)
		values(a.Rows[0])
		return append(dst, '}')
	}
	dst = append(dst, `{"embeddings":[`...)
	for i, row := range a.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		values(row)
	}
	return append(dst, "]}"...)
}
