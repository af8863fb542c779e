package gemini

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
)

// KeyVariable is the environment variable that holds the key.
const KeyVariable = "GEMINI_API_KEY"

// BaseURL is Google's own.
const BaseURL = "https://generativelanguage.googleapis.com/v1beta"

// Options configure New. Only Model is required, and a key, which is in the environment or here.
type Options struct {
	Model      string // as in Models, without models/ before it
	Dimensions int    // length of the vectors; 0 is the model's default
	BaseURL    string // with or without a trailing slash, up to /v1beta; "" is Google's own

	Key    string // "": from KeyEnv
	KeyEnv string // the variable that holds the key, such as GOOGLE_API_KEY; "" is GEMINI_API_KEY, for Google's own address only

	Plain bool // send texts without their task

	Space    embedding.Space  // asserts the vectors' space instead of deriving it
	Limits   embedding.Limits // replace the table's, each where it is above 0
	Unlisted bool             // allows a model that the table does not know; it gets no task

	HTTPClient *http.Client // nil: shared by all providers, with the proxy of the environment; redirects are never followed
	AllowHTTP  bool         // lets the key travel over plain http to a host that is not this machine
}

var modelName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`) // it becomes part of the URL

// New returns a guarded Embedder for one model, without any other middleware. It does no I/O: whatever is wrong with the
// options is said here, as an *embedding.Error.
func New(o Options) (embedding.Embedder, error) {
	fail := func(k embedding.Kind, err error) error {
		return &embedding.Error{Kind: k, Provider: "gemini", Model: o.Model, Err: err}
	}
	info, err := o.info()
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	base := cmp.Or(strings.TrimSpace(o.BaseURL), BaseURL)
	key, from, err := jsonhttp.RequiredKey(o.Key, o.KeyEnv, KeyVariable, base, "googleapis.com")
	if err != nil {
		return nil, fail(embedding.Auth, err)
	}
	dims := cmp.Or(o.Dimensions, info.Dimensions)
	prefixes, tasks, variant := jsonhttp.Prefixes(info.Prefixes), info.Tasks, "taskType"
	if o.Plain {
		prefixes, tasks = nil, nil
	}
	if len(tasks) == 0 {
		variant = prefixes.Variant()
	}
	client, err := jsonhttp.New(jsonhttp.Config{
		Model: embedding.Model{
			Provider:   "gemini",
			ID:         o.Model,
			Space:      cmp.Or(o.Space, jsonhttp.Space("gemini", base, o.Model, dims, "googleapis.com")),
			Variant:    variant,
			Dimensions: dims,
			Normalized: true,
			Symmetric:  len(tasks)+len(prefixes) == 0,
			Limits:     jsonhttp.Limits(o.Limits, info.Limits),
			Price:      info.Price,
		},
		BaseURL:    base,
		Path:       "/models/" + o.Model + ":batchEmbedContents",
		Key:        key,
		KeyHeader:  "X-Goog-Api-Key",
		Encode:     o.encoder(tasks, prefixes),
		Decode:     decode,
		Classify:   classifier{from: from}.classify,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	})
	if err != nil {
		return nil, err
	}
	return embedding.Chain(client), nil
}

// info returns what is known about the model, nearly nothing for an unlisted one.
func (o Options) info() (ModelInfo, error) {
	m, found, err := jsonhttp.Pick(Models(), func(m ModelInfo) string { return m.ID }, o.Model, o.Unlisted)
	switch {
	case err != nil:
		return m, err
	case o.Dimensions < 0:
		return m, fmt.Errorf("dimensions are %d; a vector has at least 1", o.Dimensions)
	case !modelName.MatchString(o.Model):
		return m, errors.New("the model's name has characters that no name has; leave models/ out")
	case !found:
		return ModelInfo{ID: o.Model, Limits: embedding.Limits{Texts: 100}}, nil
	case o.Dimensions > 0 && (o.Dimensions < m.Shortest || o.Dimensions > m.Dimensions) && !o.Unlisted:
		return m, fmt.Errorf("%s has no %d dimensions, it has %d to %d", m.ID, o.Dimensions, m.Shortest, m.Dimensions)
	}
	return m, nil
}

type item struct {
	Model      string  `json:"model"`
	Content    content `json:"content"`
	TaskType   string  `json:"taskType,omitempty"`
	Dimensions int     `json:"outputDimensionality,omitempty"`
}

type content struct {
	Parts [1]part `json:"parts"`
}

type part struct {
	Text string `json:"text"`
}

func (o Options) encoder(tasks map[embedding.Task]string, prefixes jsonhttp.Prefixes) func(embedding.Request) any {
	return func(req embedding.Request) any {
		one := item{Model: "models/" + o.Model, TaskType: tasks[req.Task], Dimensions: o.Dimensions}
		items := make([]item, len(req.Texts))
		for i, text := range prefixes.Texts(req) {
			items[i] = one
			items[i].Content.Parts[0].Text = text
		}
		return map[string]any{"requests": items}
	}
}

func decode(a jsonhttp.Answer) (embedding.Response, error) {
	var body struct {
		Embeddings []struct {
			Values json.RawMessage `json:"values"`
		} `json:"embeddings"`
		Usage struct {
			Tokens int `json:"promptTokenCount"`
		} `json:"usageMetadata"` // not of every model
	}
	if err := json.Unmarshal(a.Body, &body); err != nil {
		return embedding.Response{}, errors.New("the answer is not the JSON of Gemini's batchEmbedContents")
	}
	list := []byte{'['}
	for i, e := range body.Embeddings {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, cmp.Or(string(bytes.TrimSpace(e.Values)), "null")...)
	}
	rows, err := jsonhttp.Vectors(append(list, ']'), a.Texts, a.Dims)
	for _, row := range rows {
		normalize(row)
	}
	return embedding.Response{Vectors: rows, Usage: embedding.Usage{Tokens: body.Usage.Tokens}}, err
}

// normalize brings a vector to unit length. One of zeros stays as it is.
func normalize(v []float32) {
	sum := 0.0
	for _, f := range v {
		sum += float64(f) * float64(f)
	}
	if sum == 0 {
		return
	}
	by := 1 / math.Sqrt(sum)
	for i, f := range v {
		v[i] = float32(float64(f) * by)
	}
}
