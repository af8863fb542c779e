package cohere

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// KeyVariable is the environment variable that holds the key.
const KeyVariable = "COHERE_API_KEY"

// BaseURL is Cohere's own.
const BaseURL = "https://api.cohere.com/v2"

// Options configure [New]. It requires Model, and a key from here or from the environment.
type Options struct {
	Model      string // as in [Catalog]
	Dimensions int    `ref:"dimensions"` // length of the vectors; 0 means the model's default
	BaseURL    string `ref:"base_url"`   // up to /v2; "" means Cohere's own

	Key string // "" means the value of KeyEnv
	// KeyEnv is the variable that holds the key. "" means COHERE_API_KEY, for Cohere's address only.
	KeyEnv string `ref:"key_env,variable"`

	Truncate bool `ref:"truncate"` // cut the end of texts that are too long

	Space    embedding.Space  `ref:"space"`    // replaces the space that New derives
	Limits   embedding.Limits `ref:"max_*"`    // each one above 0 replaces the table's
	Unlisted bool             `ref:"unlisted"` // allows a model outside the table

	HTTPClient *http.Client // may be nil; redirects are never followed
	AllowHTTP  bool         `ref:"allow_http"` // sends the key over plain http to another machine
}

// New returns a guarded Embedder for one model, without other middleware. It does no I/O and
// reports bad options as an [*embedding.Error].
func New(o Options) (embedding.Embedder, error) {
	fail := func(k embedding.Kind, err error) error {
		return &embedding.Error{Kind: k, Provider: "cohere", Model: o.Model, Err: err}
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
	key, from, err := setup.RequiredKey(o.Key, o.KeyEnv, KeyVariable, base, "cohere.com", "cohere.ai")
	if err != nil {
		return nil, fail(embedding.Auth, err)
	}
	return jsonhttp.New(wire.Config{
		Model: embedding.Model{
			Provider:   "cohere",
			ID:         o.Model,
			Origin:     setup.Origin("cohere", base, "/v2", "cohere.com", "cohere.ai"),
			Space:      o.Space,
			Variant:    setup.Cut("input_type", o.Truncate),
			Dimensions: dims,
			Normalized: info.Normalized,
			Limits:     setup.Limits(o.Limits, info.Limits),
			Price:      info.Price,
		},
		BaseURL:    base,
		Path:       "/embed",
		Key:        key,
		Classify:   classifier{from: from}.classify,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	}, jsonhttp.Format{Encode: o.encoder(info.Tasks, len(info.Dimensions) != 1), Decode: decode})
}

// info returns what the table has about the model. Of an unlisted one it knows nearly nothing.
func (o Options) info() (modelInfo, error) {
	m, found, err := setup.Pick(models(), func(m modelInfo) string { return m.ID }, o.Model, o.Unlisted)
	if err != nil || found {
		return m, err
	}
	return modelInfo{ID: o.Model, Tasks: tasks(), Limits: embedding.Limits{Texts: 96}}, nil
}

type request struct {
	Model      string   `json:"model"`
	Texts      []string `json:"texts"`
	InputType  string   `json:"input_type"`
	Types      []string `json:"embedding_types"`
	Truncate   string   `json:"truncate"`
	Dimensions int      `json:"output_dimension,omitempty"`
}

// encoder returns the encoder of requests. Models with one length of vectors refuse a length.
func (o Options) encoder(tasks map[embedding.Task]string, choice bool) func(embedding.Request) any {
	r := request{Model: o.Model, Types: []string{"float"}, Truncate: "NONE"}
	if o.Truncate {
		r.Truncate = "END"
	}
	if choice {
		r.Dimensions = o.Dimensions
	}
	return func(req embedding.Request) any {
		r := r
		r.Texts, r.InputType = req.Texts, cmp.Or(tasks[req.Task], tasks[embedding.TaskDocument])
		return r
	}
}

func decode(a jsonhttp.Answer) (embedding.Response, error) {
	var body struct {
		ID         string `json:"id"`
		Embeddings struct {
			Float json.RawMessage `json:"float"`
		} `json:"embeddings"`
		Meta struct {
			Billed struct {
				Tokens float64 `json:"input_tokens"` // a double in Cohere's OpenAPI description
			} `json:"billed_units"`
		} `json:"meta"`
	}
	if err := jsonhttp.Unmarshal(a.Body, &body); err != nil {
		return embedding.Response{}, errors.New("the answer is not the JSON of Cohere's /v2/embed")
	}
	rows, err := jsonhttp.Vectors(body.Embeddings.Float, a.Texts, a.Dims)
	return embedding.Response{Vectors: rows, ID: body.ID, Usage: embedding.Usage{Tokens: int(body.Meta.Billed.Tokens)}}, err
}
