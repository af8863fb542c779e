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
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// KeyVariable is the environment variable that holds the key.
const KeyVariable = "GEMINI_API_KEY"

// BaseURL is Google's own.
const BaseURL = "https://generativelanguage.googleapis.com/v1beta"

// Options configure [New]. It requires Model, and a key from here or from the environment.
type Options struct {
	Model      string // as in [Catalog], without the prefix models/
	Dimensions int    `ref:"dimensions"` // length of the vectors; 0 means the model's default
	BaseURL    string `ref:"base_url"`   // up to /v1beta; "" means Google's own

	Key string // "" means the value of KeyEnv
	// KeyEnv is the variable that holds the key. "" means GEMINI_API_KEY, for Google's address only.
	KeyEnv string `ref:"key_env,variable"`

	Plain bool `ref:"plain"` // send texts without their task

	Space    embedding.Space  `ref:"space"`    // replaces the space that New derives
	Limits   embedding.Limits `ref:"max_*"`    // each one above 0 replaces the table's
	Unlisted bool             `ref:"unlisted"` // allows a model outside the table; it gets no task

	HTTPClient *http.Client // may be nil; redirects are never followed
	AllowHTTP  bool         `ref:"allow_http"` // sends the key over plain http to another machine
}

var modelName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`) // it becomes part of the URL

// New returns a guarded Embedder for one model, without other middleware. It does no I/O and
// reports bad options as an [*embedding.Error].
func New(o Options) (embedding.Embedder, error) {
	c, err := o.client()
	if err != nil {
		return nil, err
	}
	return c.embedder()
}

// client is what the options come to.
type client struct {
	config wire.Config
	items  func(embedding.Request) []item
	info   modelInfo
}

func (c client) embedder() (embedding.Embedder, error) {
	return jsonhttp.New(c.config, jsonhttp.Format{
		Encode: func(req embedding.Request) any { return map[string]any{"requests": c.items(req)} }, Decode: decode,
	})
}

func (o Options) client() (client, error) {
	fail := func(k embedding.Kind, err error) error {
		return &embedding.Error{Kind: k, Provider: "gemini", Model: o.Model, Err: err}
	}
	info, err := o.info()
	if err != nil {
		return client{}, fail(embedding.Invalid, err)
	}
	base := cmp.Or(strings.TrimSpace(o.BaseURL), BaseURL)
	key, from, err := setup.RequiredKey(o.Key, o.KeyEnv, KeyVariable, base, "googleapis.com")
	if err != nil {
		return client{}, fail(embedding.Auth, err)
	}
	dims := cmp.Or(o.Dimensions, info.Dimensions)
	chosen, tasks, variant := info.Prefixes, info.Tasks, "taskType"
	if o.Plain {
		chosen, tasks = nil, nil
	}
	if len(tasks) == 0 {
		variant = chosen.Variant()
	}
	return client{info: info, items: o.encoder(tasks, chosen), config: wire.Config{
		Model: embedding.Model{
			Provider:   "gemini",
			ID:         o.Model,
			Origin:     setup.Origin("gemini", base, "/v1beta", "googleapis.com"),
			Space:      o.Space,
			Variant:    variant,
			Dimensions: dims,
			Normalized: true,
			Symmetric:  len(tasks)+len(chosen) == 0,
			Limits:     setup.Limits(o.Limits, info.Limits),
			Price:      info.Price,
		},
		BaseURL:    base,
		Path:       "/models/" + o.Model + ":batchEmbedContents",
		Key:        key,
		KeyHeader:  "X-Goog-Api-Key",
		Classify:   classifier{from: from}.classify,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	}}, nil
}

// info returns what the table has about the model. Of an unlisted one it knows nearly nothing.
func (o Options) info() (modelInfo, error) {
	if err := setup.Lengths(o.Dimensions); err != nil {
		return modelInfo{}, err
	}
	m, found, err := setup.Pick(models(), func(m modelInfo) string { return m.ID }, o.Model, o.Unlisted)
	switch {
	case err != nil:
		return m, err
	case !modelName.MatchString(o.Model):
		return m, errors.New("the model's name has characters that no name has; leave models/ out")
	case !found:
		return modelInfo{ID: o.Model, Limits: embedding.Limits{Texts: 100}}, nil
	case o.Dimensions > 0 && (o.Dimensions < m.Shortest || o.Dimensions > m.Dimensions) && !o.Unlisted:
		return m, fmt.Errorf("%s has no %d dimensions, it has %d to %d", m.ID, o.Dimensions, m.Shortest, m.Dimensions)
	}
	return m, nil
}

type item struct {
	Model      string  `json:"model,omitempty"`
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

func (o Options) encoder(tasks map[embedding.Task]string, p prefixes.Prefixes) func(embedding.Request) []item {
	return func(req embedding.Request) []item {
		one := item{Model: "models/" + o.Model, TaskType: tasks[req.Task], Dimensions: o.Dimensions}
		items := make([]item, len(req.Texts))
		for i, text := range p.Texts(req) {
			items[i] = one
			items[i].Content.Parts[0].Text = text
		}
		return items
	}
}

func decode(a jsonhttp.Answer) (embedding.Response, error) {
	var body struct {
		Embeddings []struct {
			Values json.RawMessage `json:"values"`
		} `json:"embeddings"`
		Usage struct {
			Tokens int `json:"promptTokenCount"`
		} `json:"usageMetadata"` // some models leave it out
	}
	if err := jsonhttp.Unmarshal(a.Body, &body); err != nil {
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
