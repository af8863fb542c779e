package jina

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// KeyVariable is the environment variable that holds the key.
const KeyVariable = "JINA_API_KEY"

// BaseURL is Jina's own.
const BaseURL = "https://api.jina.ai/v1"

// Options configure [New]. It requires Model, and a key from here or from the environment.
type Options struct {
	Model      string // as in [Catalog]
	Dimensions int    `ref:"dimensions"` // length of the vectors; 0 means the model's default
	BaseURL    string `ref:"base_url"`   // up to /v1; "" means Jina's own

	Key string // "" means the value of KeyEnv
	// KeyEnv is the variable that holds the key. "" means JINA_API_KEY, for Jina's address only.
	KeyEnv string `ref:"key_env,variable"`

	Truncate bool `ref:"truncate"` // cut texts that are too long
	Plain    bool `ref:"plain"`    // send no task

	Space    embedding.Space  `ref:"space"`    // replaces the space that New derives
	Limits   embedding.Limits `ref:"max_*"`    // each one above 0 replaces the table's
	Unlisted bool             `ref:"unlisted"` // allows a model outside the table; it gets no task

	HTTPClient *http.Client // may be nil; redirects are never followed
	AllowHTTP  bool         `ref:"allow_http"` // sends the key over plain http to another machine
}

// New returns a guarded Embedder for one model, without other middleware. It does no I/O and
// reports bad options as an [*embedding.Error].
func New(o Options) (embedding.Embedder, error) {
	fail := func(k embedding.Kind, err error) error {
		return &embedding.Error{Kind: k, Provider: "jina", Model: o.Model, Err: err}
	}
	info, err := o.info()
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	dims, err := setup.Dimensions(o.Model, info.Dimensions, o.Dimensions)
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	base := cmp.Or(strings.TrimSpace(o.BaseURL), BaseURL)
	key, from, err := setup.RequiredKey(o.Key, o.KeyEnv, KeyVariable, base, "jina.ai")
	if err != nil {
		return nil, fail(embedding.Auth, err)
	}
	tasks, variant := info.Tasks, "task"
	if o.Plain || len(tasks) == 0 {
		tasks, variant = nil, ""
	}
	return openaicompat.New(wire.Config{
		Model: embedding.Model{
			Provider:   "jina",
			ID:         o.Model,
			Origin:     setup.Origin("jina", base, "/v1", "jina.ai"),
			Space:      o.Space,
			Variant:    setup.Cut(variant, o.Truncate),
			Dimensions: dims,
			Normalized: true,
			Symmetric:  len(tasks) == 0,
			Limits:     setup.Limits(o.Limits, info.Limits),
			Price:      info.Price,
		},
		BaseURL:    base,
		Key:        key,
		Classify:   classifier{from: from}.classify,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	}, openaicompat.Format{
		Fields: o.fields(len(info.Dimensions) != 1),
		TaskFields: func(t embedding.Task) []openaicompat.Field {
			if tasks[t] == "" {
				return nil
			}
			return []openaicompat.Field{{Name: "task", Value: tasks[t]}}
		},
	})
}

// info returns what the table has about the model. Of an unlisted one it knows nearly nothing.
func (o Options) info() (modelInfo, error) {
	m, found, err := setup.Pick(models(), func(m modelInfo) string { return m.ID }, o.Model, o.Unlisted)
	if err != nil || found {
		return m, err
	}
	return modelInfo{ID: o.Model, Limits: embedding.Limits{Texts: 512}}, nil
}

// fields returns what every request holds beside the model, the texts and their task.
func (o Options) fields(choice bool) []openaicompat.Field {
	fields := []openaicompat.Field{
		{Name: "normalized", Value: true},
		{Name: "embedding_type", Value: "base64"}, // a quarter of the bytes
		{Name: "truncate", Value: o.Truncate},
	}
	if choice && o.Dimensions > 0 {
		fields = append(fields, openaicompat.Field{Name: "dimensions", Value: o.Dimensions})
	}
	return fields
}
