package openai

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// BaseURL is OpenAI's own.
const BaseURL = "https://api.openai.com/v1"

// The environment variables that are read where Options say nothing.
const (
	KeyVariable     = "OPENAI_API_KEY"
	BaseURLVariable = "OPENAI_BASE_URL"
)

// Options configure New. Only Model is required.
type Options struct {
	Model   string
	Preset  string // a name in Presets; "" is found by BaseURL's host, OpenAI without one
	BaseURL string // with or without a trailing slash, up to /v1; "" is the preset's own, without a preset OPENAI_BASE_URL, or OpenAI

	Dimensions       int // sent with each request; 0 sends nothing and gets the model's own
	NativeDimensions int // what the model has anyway: known from the start, and not sent

	Key    string // "": see the package documentation
	KeyEnv string // the variable that holds the key

	// EncodingFormat is "float", "base64", which is a quarter of the bytes, or "none", which sends nothing for servers
	// that refuse the member. "" is the preset's, float without one. Whatever was asked for, both are understood.
	EncodingFormat string

	Space  embedding.Space  // asserts the vectors' space instead of deriving it
	Limits embedding.Limits // replace the table's, each where it is above 0

	HTTPClient *http.Client // nil: shared by all providers, with the proxy of the environment; redirects are never followed
	AllowHTTP  bool         // lets a key travel over plain http to a host that is not this machine
}

// New returns a guarded Embedder for one model, without any other middleware. It does no I/O: whatever is wrong with the
// options is said here, as an *embedding.Error.
func New(o Options) (embedding.Embedder, error) {
	s, err := o.site()
	fail := func(k embedding.Kind, err error) error {
		return &embedding.Error{Kind: k, Provider: s.provider, Model: o.Model, Err: err}
	}
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	info := s.preset.model(o.Model)
	if err := o.check(s, info); err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	fields, err := o.fields(s.preset, info)
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	key, keyFrom, err := o.key(s)
	if err != nil {
		return nil, fail(embedding.Auth, err)
	}
	return openaicompat.New(wire.Config{
		Model: embedding.Model{
			Provider:   s.provider,
			ID:         o.Model,
			Space:      o.Space,
			Dimensions: cmp.Or(o.Dimensions, o.NativeDimensions, info.Dimensions),
			Normalized: info.Normalized,
			Symmetric:  true,
			Limits:     setup.Limits(o.Limits, info.Limits),
			Price:      info.Price,
		},
		BaseURL:    s.base,
		Key:        key,
		Classify:   classifier{keyFrom: keyFrom}.classify,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	}, openaicompat.Format{Fields: fields, Asked: o.Dimensions})
}

// site is whom to ask.
type site struct {
	base, provider string
	host           string // in lower case; "" where the base URL is none
	preset         Preset // the zero value for a server of which nothing is known
}

func (o Options) site() (site, error) {
	s := site{base: strings.TrimSpace(o.BaseURL), provider: "openai"}
	if o.Preset != "" {
		p, err := findPreset(o.Preset)
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
	found, vendor := presetOf(s.host)
	switch {
	case o.Preset == "" && vendor:
		s.preset, s.provider = found, found.Name
	case o.Preset == "" || s.preset.Local:
		s.provider = s.host
	case !s.preset.owns(s.host):
		s.provider = s.preset.Name + "@" + s.host // an emulator or a proxy, which may serve anything under the name
	}
	return s, nil
}

// key returns the key to send, and where it is from. A vendor's own variable is for the vendor's own address, and, where the
// preset is named, for this machine; the variables OPENAI_API_KEY and OPENAI_BASE_URL are the user's own word, and belong together.
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

// check reports what is wrong with the model and its dimensions.
func (o Options) check(s site, info ModelInfo) error {
	switch {
	case o.Model == "":
		return errors.New("no model is named")
	case o.Dimensions < 0 || o.NativeDimensions < 0:
		return errors.New("a vector has at least 1 dimension")
	case o.Dimensions > 0 && o.NativeDimensions > 0:
		return errors.New("both dimensions to ask for and native dimensions are given: leave one out")
	case o.NativeDimensions > 0 && info.Dimensions > 0 && o.NativeDimensions != info.Dimensions:
		return fmt.Errorf("%s has %d dimensions, not %d", info.ID, info.Dimensions, o.NativeDimensions)
	case o.Dimensions > 0 && o.Dimensions != info.Dimensions && s.preset.Name != "" && s.preset.DimensionsField == "":
		return fmt.Errorf("%s has no option for the length of vectors: leave dimensions out, or say what the model has as native "+
			"dimensions (native_dimensions= in a reference)", s.preset.Title)
	}
	return info.check(o.Dimensions)
}

// fields returns what is sent besides the model and the texts.
func (o Options) fields(p Preset, info ModelInfo) ([]openaicompat.Field, error) {
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
