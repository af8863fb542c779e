// Package geminitest emulates the Gemini API's embeddings, so that programs and tests run against the service's limits and
// errors without a key, a network or a bill.
//
//	emulator, err := geminitest.New(geminitest.Options{})
//	server := httptest.NewServer(emulator)
//	// base URL: server.URL + geminitest.BasePath, key: geminitest.DefaultKey
//
// It is an http.Handler for batchEmbedContents and embedContent. As with the service, vectors of fewer than 3,072 dimensions are
// the beginnings of the longest and not of unit length, a task type changes the vectors of gemini-embedding-001 only, texts that
// are too long are cut, and answers do not say their tokens, which are billed all the same.
package geminitest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/internal/emulator"
)

// DefaultKey is the key of an emulator whose Options name none.
const DefaultKey = emulator.DefaultKey

// BasePath is what a base URL ends in.
const BasePath = "/v1beta"

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
	v := vendor{keys: o.GoodKeys(), models: map[string]gemini.ModelInfo{}}
	for _, m := range gemini.Models() {
		v.models[m.ID] = m
	}
	return emulator.New(v, o)
}

const quota = "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: " +
	"https://ai.google.dev/gemini-api/docs/rate-limits. \n* Quota exceeded for metric: generativelanguage.googleapis.com/embed_content_free_tier_requests, limit: "

// words are the service's where gemini's testdata/errors.jsonl has them, else they follow its manner.
var words = emulator.Words{
	"auth":                 {Status: 400, Code: "INVALID_ARGUMENT", Message: "API key not valid. Please pass a valid API key.", Kind: embedding.Auth},
	"no-key":               {Status: 403, Code: "PERMISSION_DENIED", Message: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.", Kind: embedding.Auth},
	"wrong-region":         {Status: 400, Code: "FAILED_PRECONDITION", Message: "User location is not supported for the API use.", Kind: embedding.Auth},
	"exhausted":            {Status: 429, Code: "RESOURCE_EXHAUSTED", Message: "Your prepayment credits are depleted.", Kind: embedding.Exhausted},
	"resource-exhausted":   {Status: 429, Code: "RESOURCE_EXHAUSTED", Message: "Resource has been exhausted (e.g. check quota).", Kind: embedding.RateLimited},
	"overloaded":           {Status: 503, Code: "UNAVAILABLE", Message: "The model is overloaded. Please try again later.", Kind: embedding.Unavailable},
	"deadline":             {Status: 504, Code: "DEADLINE_EXCEEDED", Message: "Deadline expired before operation could complete.", Kind: embedding.Unavailable},
	emulator.InternalError: {Status: 500, Code: "INTERNAL", Message: "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting", Kind: embedding.Unavailable},
	emulator.RequestRate:   {Status: 429, Code: "RESOURCE_EXHAUSTED", Message: quota + "100, model: gemini-embedding-1.0", Kind: embedding.RateLimited},
	emulator.TokenRate:     {Status: 429, Code: "RESOURCE_EXHAUSTED", Message: quota + "30000, model: gemini-embedding-1.0", Kind: embedding.RateLimited},
}

var (
	noModel = emulator.Refusal{Status: 404, Code: "NOT_FOUND", Message: "models/%s is not found for API version v1beta, or is not supported for embedContent. " +
		"Call ListModels to see the list of available models and their supported methods."}
	badJSON  = emulator.Refusal{Status: 400, Code: "INVALID_ARGUMENT", Message: "Invalid JSON payload received. %s"}
	badValue = emulator.Refusal{Status: 400, Code: "INVALID_ARGUMENT", Message: "Request contains an invalid argument."}
	tooMany  = emulator.Refusal{Status: 400, Code: "INVALID_ARGUMENT", Message: "* BatchEmbedContentsRequest.requests: at most %d requests can be in one batch\n"}
	tooMuch  = emulator.Refusal{Status: 400, Code: "INVALID_ARGUMENT", Message: "Request payload size exceeds the limit: %d bytes."}
)

type vendor struct {
	keys   emulator.Keys
	models map[string]gemini.ModelInfo
}

func (v vendor) Profile() emulator.Profile {
	p := emulator.Profile{Name: "geminitest", Errors: words.Faults(), Positional: true, Unmetered: true}
	for _, m := range gemini.Models() {
		p.Models = append(p.Models, m.ID)
	}
	return p
}

func (v vendor) Head(h http.Header, _ *emulator.Request) {
	h.Set("Server", "scaffolding on HTTPServer2")
}

// method returns the model and the method that a path names.
func method(r *emulator.Request) (model, what string) {
	path, _ := strings.CutPrefix(r.URL.Path, BasePath+"/models/")
	model, what, _ = strings.Cut(path, ":")
	return model, what
}

func (v vendor) Admit(r *emulator.Request) *emulator.Reply {
	key := r.Request.Header.Get("X-Goog-Api-Key")
	if key == "" {
		key = r.URL.Query().Get("key")
	}
	_, what := method(r)
	switch {
	case !strings.HasPrefix(r.URL.Path, BasePath+"/models/"), r.Method != http.MethodPost, what != "batchEmbedContents" && what != "embedContent":
		return &emulator.Reply{Status: http.StatusNotFound}
	case key == "" && r.Bearer() == "":
		return refuse(words["no-key"])
	case !v.keys[key]:
		return refuse(words["auth"])
	}
	return nil
}

func refuse(why emulator.Refusal) *emulator.Reply {
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
	p := problem{Code: why.Status, Message: why.Message, Status: why.Code}
	if why.Message == words["auth"].Message {
		p.Details = []info{{"type.googleapis.com/google.rpc.ErrorInfo", "API_KEY_INVALID", "googleapis.com"}}
	}
	return &emulator.Reply{Status: why.Status, Body: emulator.JSON(map[string]problem{"error": p})}
}

func (v vendor) Fault(_ *emulator.Request, f Fault) emulator.Reply { return *refuse(words.Of(f)) }

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

var taskTypes = []string{"", "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION", "CLUSTERING", "QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY"}

func (v vendor) Parse(r *emulator.Request, body []byte) (emulator.Call, *emulator.Reply) {
	model, what := method(r)
	info, ok := v.models[model]
	if !ok {
		return emulator.Call{}, refuse(noModel.With(model))
	}
	var batch struct {
		Requests []one `json:"requests"`
	}
	var err error
	if what == "embedContent" {
		batch.Requests = make([]one, 1)
		err = emulator.Strict(body, &batch.Requests[0])
		batch.Requests[0].Model = "models/" + model // it need not be there
	} else {
		err = emulator.Strict(body, &batch)
	}
	if err != nil {
		return emulator.Call{}, refuse(badJSON.With(err))
	}
	c := emulator.Call{Model: model, Dimensions: info.Dimensions, Full: info.Dimensions, Rest: batch.Requests}
	for _, req := range batch.Requests {
		var text string
		for _, p := range req.Content.Parts {
			text += p.Text
		}
		c.Texts = append(c.Texts, text)
	}
	return c, nil
}

// Check refuses requests of one batch that differ in dimensions or task, which the service would take.
func (v vendor) Check(r *emulator.Request, c *emulator.Call, tokens []int) (*emulator.Reply, bool) {
	all, info := c.Rest.([]one), v.models[c.Model]
	if len(all) == 0 {
		return refuse(badValue), false
	}
	over := r.Excess(c, r.Limits(c.Model, info.Limits), tokens, emulator.CutEnd)
	if over != nil && over.Of == emulator.CountOfTexts {
		return refuse(tooMany.With(over.Allowed)), false
	}
	for _, req := range all {
		if req.Model != "models/"+c.Model || len(req.Content.Parts) == 0 || req.Dimensions < 0 || req.Dimensions > info.Dimensions ||
			!slices.Contains(taskTypes, req.Task) || req.Dimensions != all[0].Dimensions || req.Task != all[0].Task {
			return refuse(badValue), false
		}
	}
	if slices.Contains(c.Texts, "") {
		return refuse(badValue), false
	}
	if n := all[0].Dimensions; n > 0 {
		c.Dimensions = n
	}
	if info.Tasks != nil {
		c.Role = all[0].Task
	}
	if over != nil {
		return refuse(tooMuch.With(over.Allowed)), true
	}
	return nil, false
}

func (v vendor) Answer(dst []byte, r *emulator.Request, _ *emulator.Call, items []emulator.Item, _ int) []byte {
	values := func(it emulator.Item) {
		if string(it.Vector) == "null" {
			dst = append(dst, "null"...)
			return
		}
		dst = append(append(append(dst, `{"values":`...), it.Vector...), '}')
	}
	if _, what := method(r); what == "embedContent" && len(items) == 1 {
		dst = append(dst, `{"embedding":`...)
		values(items[0])
		return append(dst, '}')
	}
	dst = append(dst, `{"embeddings":[`...)
	for i, it := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		values(it)
	}
	return append(dst, "]}"...)
}
