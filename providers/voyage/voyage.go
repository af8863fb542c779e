package voyage

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
const KeyVariable = "VOYAGE_API_KEY"

// Where the service is. Keys of one are wrong at the other.
const (
	BaseURL      = "https://api.voyageai.com/v1"
	AtlasBaseURL = "https://ai.mongodb.com/v1" // for keys that begin with al-
)

const atlasKey = "al-"

// Options configure New. Only Model is required, and a key, which is in the environment or here.
type Options struct {
	Model      string // as in Models
	Dimensions int    // length of the vectors; 0 is the model's default
	BaseURL    string // with or without a trailing slash, up to /v1; "" goes by the key: BaseURL or AtlasBaseURL

	Key    string // "": from KeyEnv
	KeyEnv string // the variable that holds the key; "" is VOYAGE_API_KEY, for the service's own addresses only

	Truncate bool // cut texts that are too long, instead of refusing them
	Plain    bool // send no input_type: neither queries nor documents get a prompt

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
		return &embedding.Error{Kind: k, Provider: "voyage", Model: o.Model, Err: err}
	}
	info, err := o.info()
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	dims, err := setup.Dimensions(o.Model, info.Dimensions, o.Dimensions)
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	hosts := []string{"voyageai.com", "ai.mongodb.com"}
	key, from, err := setup.RequiredKey(o.Key, o.KeyEnv, KeyVariable, cmp.Or(strings.TrimSpace(o.BaseURL), BaseURL), hosts...)
	if err != nil {
		return nil, fail(embedding.Auth, err)
	}
	base := strings.TrimSpace(o.BaseURL)
	if base == "" {
		if base = BaseURL; strings.HasPrefix(key, atlasKey) {
			base = AtlasBaseURL
		}
	}
	variant := "input_type"
	if o.Plain {
		variant = ""
	}
	return openaicompat.New(wire.Config{
		Model: embedding.Model{
			Provider:   "voyage",
			ID:         o.Model,
			Space:      cmp.Or(o.Space, setup.Space("voyage", base, cmp.Or(info.Series, o.Model), dims, hosts...)),
			Variant:    variant,
			Dimensions: dims,
			Normalized: info.Normalized,
			Symmetric:  o.Plain,
			Limits:     setup.Limits(o.Limits, info.Limits),
			Price:      info.Price,
		},
		BaseURL:    base,
		Key:        key,
		Classify:   classifier{from: from, atlas: strings.HasPrefix(key, atlasKey)}.classify,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	}, openaicompat.Format{
		Fields: o.fields(len(info.Dimensions) != 1),
		TaskFields: func(t embedding.Task) []openaicompat.Field {
			if o.Plain || info.Tasks[t] == "" {
				return nil
			}
			return []openaicompat.Field{{Name: "input_type", Value: info.Tasks[t]}}
		},
	})
}

// info returns what is known about the model, nearly nothing for an unlisted one.
func (o Options) info() (ModelInfo, error) {
	m, found, err := setup.Pick(Models(), func(m ModelInfo) string { return m.ID }, o.Model, o.Unlisted)
	if err != nil || found {
		return m, err
	}
	return ModelInfo{ID: o.Model, Tasks: tasks(), Limits: embedding.Limits{Texts: 1000, Tokens: 120_000}}, nil
}

// fields returns what every request holds besides the model, the texts and their role. Models with vectors of one length
// refuse to be told one; encoding_format is base64 or nothing.
func (o Options) fields(choice bool) []openaicompat.Field {
	fields := []openaicompat.Field{
		{Name: "truncation", Value: o.Truncate}, // always sent: the service's default is true
		{Name: "encoding_format", Value: "base64"},
	}
	if choice && o.Dimensions > 0 {
		fields = append(fields, openaicompat.Field{Name: "output_dimension", Value: o.Dimensions})
	}
	return fields
}
