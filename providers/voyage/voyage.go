package voyage

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// KeyVariable is the environment variable that holds the key.
const KeyVariable = "VOYAGE_API_KEY"

// The service's addresses. Each refuses the other's keys.
const (
	BaseURL      = "https://api.voyageai.com/v1"
	AtlasBaseURL = "https://ai.mongodb.com/v1" // for keys that begin with al-
)

const atlasKey = "al-"

// Options configure [New]. It requires Model, and a key from here or from the environment.
type Options struct {
	Model      string // as in [Catalog]
	Dimensions int    `ref:"dimensions"` // length of the vectors; 0 means the model's default
	// BaseURL is up to /v1. "" means BaseURL or AtlasBaseURL, whichever the key is for.
	BaseURL string `ref:"base_url"`

	Key string // "" means the value of KeyEnv
	// KeyEnv is the variable that holds the key. "" means VOYAGE_API_KEY, for its own addresses only.
	KeyEnv string `ref:"key_env,variable"`

	Truncate bool `ref:"truncate"` // cut texts that are too long
	Plain    bool `ref:"plain"`    // send no input_type, so the service adds no prompt

	Space    embedding.Space  `ref:"space"`    // replaces the space that New derives
	Limits   embedding.Limits `ref:"max_*"`    // each one above 0 replaces the table's
	Unlisted bool             `ref:"unlisted"` // allows a model outside the table

	HTTPClient *http.Client // may be nil; redirects are never followed
	AllowHTTP  bool         `ref:"allow_http"` // sends the key over plain http to another machine
}

// New returns a guarded Embedder for one model, without other middleware. It does no I/O and
// reports bad options as an [*embedding.Error].
func New(o Options) (embedding.Embedder, error) {
	c, f, err := o.client()
	if err != nil {
		return nil, err
	}
	return openaicompat.New(c, f)
}

// NewBatches returns the batch API for the model of an Embedder with the same options. It does no
// I/O.
//
// Source: https://docs.voyageai.com/docs/batch-inference and /reference/create-batch (a preview: 33 %
// off, 12 h, 100,000 texts, 1 GB; lines have the text only), the notebook
// voyageai_batch_api_openai_compatibility.ipynb of
// https://github.com/mongodb-developer/GenAI-Showcase (files and batches are OpenAI's).
func NewBatches(o Options) (batchapi.API, error) {
	c, f, err := o.client()
	if err != nil {
		return nil, err
	}
	return openaicompat.NewBatches(c, f, openaicompat.BatchFormat{Shared: true, Terms: batchapi.Terms{
		Lines: 100_000, Bytes: 1e9, Window: 12 * time.Hour, Share: batchShare, Unverified: "all of it is a preview, and the form of its answers (OpenAI's is read)",
	}})
}

const batchShare = 0.67

// client is what Options say.
func (o Options) client() (c wire.Config, f openaicompat.Format, err error) {
	fail := func(k embedding.Kind, err error) error {
		return &embedding.Error{Kind: k, Provider: "voyage", Model: o.Model, Err: err}
	}
	info, err := o.info()
	if err != nil {
		return c, f, fail(embedding.Invalid, err)
	}
	dims, err := setup.Dimensions(o.Model, info.Dimensions, o.Dimensions)
	if err != nil {
		return c, f, fail(embedding.Invalid, err)
	}
	hosts := []string{"voyageai.com", "ai.mongodb.com"}
	key, from, err := setup.RequiredKey(o.Key, o.KeyEnv, KeyVariable, cmp.Or(strings.TrimSpace(o.BaseURL), BaseURL), hosts...)
	if err != nil {
		return c, f, fail(embedding.Auth, err)
	}
	base := strings.TrimSpace(o.BaseURL)
	if base == "" {
		if base = BaseURL; strings.HasPrefix(key, atlasKey) {
			base = AtlasBaseURL
		}
	}
	origin, variant := setup.Origin("voyage", base, "/v1", hosts...), "input_type"
	if o.Plain {
		variant = ""
	}
	return wire.Config{
			Model: embedding.Model{
				Provider:   "voyage",
				ID:         o.Model,
				Origin:     origin,
				Space:      cmp.Or(o.Space, setup.Space(origin, cmp.Or(info.Series, o.Model), dims)),
				Variant:    setup.Cut(variant, o.Truncate),
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
		}, nil
}

func id(m modelInfo) string { return m.ID }

// info returns what the table has about the model. Of an unlisted one it knows nearly nothing.
func (o Options) info() (modelInfo, error) {
	m, found, err := setup.Pick(models(), id, o.Model, o.Unlisted)
	if err != nil || found {
		return m, err
	}
	return modelInfo{ID: o.Model, Tasks: tasks(), Limits: embedding.Limits{Texts: 1000, Tokens: 120_000}}, nil
}

// fields returns what every request holds beside the model, the texts and their role. Models with
// one length of vectors refuse a length. encoding_format is base64 or absent.
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
