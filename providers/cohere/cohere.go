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

// Options configure New. Only Model is required, and a key, which is in the environment or here.
type Options struct {
	Model      string // as in Models
	Dimensions int    // length of the vectors; 0 is the model's default
	BaseURL    string // with or without a trailing slash, up to /v2; "" is Cohere's own

	Key    string // "": from KeyEnv
	KeyEnv string // the variable that holds the key; "" is COHERE_API_KEY, for Cohere's own address only

	Truncate bool // cut the end of texts that are too long, instead of refusing them

	Space    embedding.Space  // asserts the vectors' space instead of deriving it
	Limits   embedding.Limits // replace the table's, each where it is above 0
	Unlisted bool             // allows a model that the table does not know

	HTTPClient *http.Client // nil: shared by all providers, with the proxy of the environment; redirects are never followed
	AllowHTTP  bool         // lets the key travel over plain http to a host that is not this machine
}

// New returns a guarded Embedder for one model, without any other middleware. It does no I/O: whatever is wrong with the
// options is said here, as an *embedding.Error.
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
			Space:      cmp.Or(o.Space, setup.Space("cohere", base, o.Model, dims, "cohere.com", "cohere.ai")),
			Variant:    "input_type",
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

// info returns what is known about the model, nearly nothing for an unlisted one.
func (o Options) info() (ModelInfo, error) {
	m, found, err := setup.Pick(Models(), func(m ModelInfo) string { return m.ID }, o.Model, o.Unlisted)
	if err != nil || found {
		return m, err
	}
	return ModelInfo{ID: o.Model, Tasks: tasks(), Limits: embedding.Limits{Texts: 96}}, nil
}

type request struct {
	Model      string   `json:"model"`
	Texts      []string `json:"texts"`
	InputType  string   `json:"input_type"`
	Types      []string `json:"embedding_types"`
	Truncate   string   `json:"truncate"`
	Dimensions int      `json:"output_dimension,omitempty"`
}

// encoder returns what makes a request. Models with vectors of one length refuse to be told one.
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
				Tokens float64 `json:"input_tokens"` // a double in Cohere's own description of the API
			} `json:"billed_units"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(a.Body, &body); err != nil {
		return embedding.Response{}, errors.New("the answer is not the JSON of Cohere's /v2/embed")
	}
	rows, err := jsonhttp.Vectors(body.Embeddings.Float, a.Texts, a.Dims)
	return embedding.Response{Vectors: rows, ID: body.ID, Usage: embedding.Usage{Tokens: int(body.Meta.Billed.Tokens)}}, err
}
