package openai

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
	"github.com/vecspace/embedding/providers/openai/internal/models"
)

// BaseURL is OpenAI's own.
const BaseURL = "https://api.openai.com/v1"

// Environment variables that supply what Options leave empty.
const (
	KeyVariable     = "OPENAI_API_KEY"
	BaseURLVariable = "OPENAI_BASE_URL"
)

// Options configure [New]. It requires Model.
type Options struct {
	Model   string
	Preset  string // a preset's name, such as "mistral"; "" means the one with BaseURL's host, or OpenAI
	BaseURL string `ref:"base_url"` // up to /v1; "" means the preset's, OPENAI_BASE_URL or OpenAI

	Dimensions       int `ref:"dimensions"`        // sent with each request; 0 means the model's own
	NativeDimensions int `ref:"native_dimensions"` // of the model itself; not sent

	Key    string // "" means see the package documentation
	KeyEnv string `ref:"key_env,variable"` // the variable that holds the key

	// EncodingFormat is "float", "base64" (a quarter of the bytes), or "none", which sends no such
	// field to servers that refuse it. "" means the preset's, or float. Answers in either format are
	// read.
	EncodingFormat string `ref:"encoding_format"`

	// Prefix puts in front of texts what the model's card asks for: "auto" by the model's name, or by
	// the name of a row of the table in package providers. "" and "none" leave texts unchanged.
	Prefix string `ref:"prefix"`
	// QueryPrefix and DocumentPrefix are prefixes of your own, of queries and of everything else.
	QueryPrefix    string `ref:"query_prefix"`
	DocumentPrefix string `ref:"document_prefix"`

	Space  embedding.Space  `ref:"space"` // replaces the space that New derives
	Limits embedding.Limits `ref:"max_*"` // each one above 0 replaces the table's

	HTTPClient *http.Client // may be nil; redirects are never followed
	AllowHTTP  bool         `ref:"allow_http"` // sends a key over plain http to another machine
}

// New returns a guarded Embedder for one model, without other middleware. It does no I/O and
// reports bad options as an [*embedding.Error].
func New(o Options) (embedding.Embedder, error) {
	c, err := o.client()
	if err != nil {
		return nil, err
	}
	return openaicompat.New(c.config, c.format)
}

// client is what Options say.
type client struct {
	site
	info   models.Info
	config wire.Config
	format openaicompat.Format
}

func (o Options) client() (c client, err error) {
	s, err := o.site()
	fail := func(k embedding.Kind, err error) error {
		return &embedding.Error{Kind: k, Provider: s.provider, Model: o.Model, Err: err}
	}
	if err != nil {
		return c, fail(embedding.Invalid, err)
	}
	info := s.preset.Model(o.Model)
	if err := o.check(s, info); err != nil {
		return c, fail(embedding.Invalid, err)
	}
	fields, err := o.fields(s.preset, info)
	if err != nil {
		return c, fail(embedding.Invalid, err)
	}
	chosen, err := prefixes.Options{Prefix: o.Prefix, Query: o.QueryPrefix, Document: o.DocumentPrefix}.Choose(o.Model, "")
	if err != nil {
		return c, fail(embedding.Invalid, err)
	}
	key, keyFrom, err := o.key(s)
	if err != nil {
		return c, fail(embedding.Auth, err)
	}
	return client{s, info, wire.Config{
		Model: embedding.Model{
			Provider:   s.provider,
			ID:         o.Model,
			Origin:     s.origin,
			Space:      o.Space,
			Variant:    chosen.Variant(),
			Dimensions: cmp.Or(o.Dimensions, o.NativeDimensions, info.Dimensions),
			Normalized: info.Normalized,
			Symmetric:  len(chosen) == 0,
			Limits:     chosen.Within(setup.Limits(o.Limits, info.Limits)),
			Price:      info.Price,
		},
		BaseURL:    s.base,
		Key:        key,
		Classify:   classifier{keyFrom: keyFrom}.classify,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	}, openaicompat.Format{Fields: fields, Prefixes: chosen, Asked: o.Dimensions}}, nil
}

// site is the server to ask.
type site struct {
	base, provider string
	origin         string        // as in embedding.Model
	host           string        // as setup.Host returns it
	preset         models.Preset // zero for an unknown server
}

func (o Options) site() (site, error) {
	s := site{base: strings.TrimSpace(o.BaseURL), provider: "openai"}
	if o.Preset != "" {
		p, err := models.Find(o.Preset)
		if err != nil {
			return s, err
		}
		s.preset, s.provider = p, p.Name
		s.base = cmp.Or(s.base, p.BaseURL)
	}
	s.base = cmp.Or(s.base, strings.TrimSpace(os.Getenv(BaseURLVariable)), BaseURL)
	if s.host = setup.Host(s.base); s.host == "" {
		return s, nil // the exchange says what is wrong with it
	}
	found, vendor := models.Of(s.host)
	switch {
	case o.Preset == "" && vendor:
		s.preset, s.provider = found, found.Name
	case o.Preset == "" || s.preset.Local:
		s.provider, s.origin = s.host, setup.Address(s.base, "/v1")
	case !s.preset.Owns(s.host):
		s.provider = s.preset.Name + "@" + s.host // an emulator or a proxy
		s.origin = setup.Origin(s.preset.Name, s.base, s.preset.Path())
	}
	return s, nil
}

// key returns the key to send and its source. A vendor's own variable is for the vendor's own
// address and, if the preset is named, for this machine. The user sets OPENAI_API_KEY and
// OPENAI_BASE_URL, so they belong together.
func (o Options) key(s site) (key, from string, err error) {
	variable := s.preset.KeyVariable
	switch {
	case o.Key != "" || o.KeyEnv != "":
		return setup.RequiredKey(o.Key, o.KeyEnv, "", s.base)
	case o.Preset == "" && s.preset.Name == "openai", o.Preset != "" && !s.preset.Local:
		return setup.RequiredKey("", "", variable, s.base, setup.Host(s.preset.BaseURL))
	case o.Preset == "" && strings.TrimSpace(o.BaseURL) == "":
		variable = KeyVariable
	case o.Preset == "" || !setup.Trusted(s.base):
		return "", "", nil
	}
	if key, from = setup.Key("", variable); key == "" {
		from = ""
	}
	return key, from, nil
}

// check checks the model and its dimensions.
func (o Options) check(s site, info models.Info) error {
	if err := setup.Lengths(o.Dimensions, o.NativeDimensions); err != nil {
		return err
	}
	switch {
	case o.Model == "":
		return errors.New("no model is named")
	case o.Dimensions > 0 && o.NativeDimensions > 0:
		return errors.New("both dimensions to ask for and native dimensions are given: leave one out")
	case o.NativeDimensions > 0 && info.Dimensions > 0 && o.NativeDimensions != info.Dimensions:
		return fmt.Errorf("%s has %d dimensions, not %d", info.ID, info.Dimensions, o.NativeDimensions)
	case o.Dimensions > 0 && o.Dimensions != info.Dimensions && s.preset.Name != "" && s.preset.DimensionsField == "":
		return fmt.Errorf("%s has no option for the length of vectors: leave dimensions out, or say what the model has as native "+
			"dimensions (native_dimensions= in a reference)", s.preset.Title)
	}
	return info.Check(o.Dimensions)
}

// fields returns what every request holds beside the model and the texts.
func (o Options) fields(p models.Preset, info models.Info) ([]openaicompat.Field, error) {
	var fields []openaicompat.Field
	switch format := cmp.Or(o.EncodingFormat, p.EncodingFormat, "float"); format {
	case "float", "base64":
		fields = append(fields, openaicompat.Field{Name: "encoding_format", Value: format})
	case "none":
	default:
		return nil, fmt.Errorf("there is no encoding format %q; there are float, base64 and none", format)
	}
	name := p.DimensionsField
	if p.Name == "" {
		name = "dimensions"
	}
	if o.Dimensions > 0 && !info.Fixed && name != "" {
		fields = append(fields, openaicompat.Field{Name: name, Value: o.Dimensions})
	}
	return fields, nil
}
