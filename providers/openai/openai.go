package openai

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
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
	BaseURL string // with or without a trailing slash, up to /v1; "" is OPENAI_BASE_URL, or OpenAI

	Dimensions       int // sent with each request; 0 sends nothing and gets the model's own
	NativeDimensions int // what the model has anyway: known from the start, and not sent

	Key    string // "": see the package documentation
	KeyEnv string // the variable that holds the key

	// EncodingFormat is "float", "base64", which is a quarter of the bytes, or "none", which sends nothing for servers
	// that refuse the member. "" is base64 for OpenAI and float elsewhere. Whatever was asked for, both are understood.
	EncodingFormat string

	Space  embedding.Space  // asserts the vectors' space instead of deriving it
	Limits embedding.Limits // replace the table's, each where it is above 0

	HTTPClient *http.Client // nil: shared by all providers, with the proxy of the environment; redirects are never followed
	AllowHTTP  bool         // lets a key travel over plain http to a host that is not this machine
}

// New returns a guarded Embedder for one model, without any other middleware. It does no I/O: whatever is wrong with the
// options is said here, as an *embedding.Error.
func New(o Options) (embedding.Embedder, error) {
	s := o.site()
	fail := func(k embedding.Kind, err error) error {
		return &embedding.Error{Kind: k, Provider: s.provider, Model: o.Model, Err: err}
	}
	info, err := o.info(s.own)
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	fields, err := o.fields(s.own, info)
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	if s.key == "" && s.keyed {
		return nil, fail(embedding.Auth, fmt.Errorf("no API key: set the variable %s", s.keyFrom))
	}
	client, err := openaicompat.New(openaicompat.Config{
		Model: embedding.Model{
			Provider:   s.provider,
			ID:         o.Model,
			Space:      o.Space,
			Dimensions: cmp.Or(o.Dimensions, o.NativeDimensions, info.Dimensions),
			Normalized: info.Dimensions > 0,
			Symmetric:  true,
			Limits: embedding.Limits{
				Texts:      over(o.Limits.Texts, info.Limits.Texts),
				Tokens:     over(o.Limits.Tokens, info.Limits.Tokens),
				Bytes:      over(o.Limits.Bytes, info.Limits.Bytes),
				TextTokens: over(o.Limits.TextTokens, info.Limits.TextTokens),
			},
			Price: info.Price,
		},
		BaseURL:    s.base,
		Key:        s.key,
		Fields:     fields,
		Asked:      o.Dimensions,
		Classify:   classifier{keyFrom: s.keyFrom}.classify,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	})
	if err != nil {
		return nil, err
	}
	return embedding.Chain(client), nil
}

func over(asked, table int) int {
	if asked > 0 {
		return asked
	}
	return table
}

// site is whom to ask, and with which key.
type site struct {
	base, provider string
	own            bool   // OpenAI's own
	keyed          bool   // a key is needed
	key, keyFrom   string // keyFrom says where the key is from, or, if one is needed and missing, where it belongs
}

func (o Options) site() site {
	given := strings.TrimSpace(o.BaseURL)
	s := site{base: cmp.Or(given, strings.TrimSpace(os.Getenv(BaseURLVariable)), BaseURL), provider: "openai"}
	if u, err := url.Parse(s.base); err == nil && u.Hostname() != "" {
		host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
		if s.own = host == "api.openai.com" || strings.HasSuffix(host, ".api.openai.com"); !s.own {
			s.provider = host
		}
	}
	switch {
	case o.Key != "":
		s.key, s.keyFrom = o.Key, "Options.Key"
		return s
	case o.KeyEnv != "":
		s.keyFrom, s.keyed = o.KeyEnv, true
	case s.own:
		s.keyFrom, s.keyed = KeyVariable, true
	case given == "": // both variables are the user's own word, and belong together
		s.keyFrom = KeyVariable
	default:
		return s
	}
	if s.key = strings.TrimSpace(os.Getenv(s.keyFrom)); s.key == "" && !s.keyed {
		s.keyFrom = ""
	}
	return s
}

// info returns what the table says about the model, nothing for a model or a server that is not in it.
func (o Options) info(own bool) (ModelInfo, error) {
	switch {
	case o.Model == "":
		return ModelInfo{}, errors.New("no model is named")
	case o.Dimensions < 0 || o.NativeDimensions < 0:
		return ModelInfo{}, errors.New("a vector has at least 1 dimension")
	case o.Dimensions > 0 && o.NativeDimensions > 0:
		return ModelInfo{}, errors.New("both dimensions to ask for and native dimensions are given: leave one out")
	}
	models := Models()
	at := slices.IndexFunc(models, func(m ModelInfo) bool { return m.ID == o.Model })
	if !own || at < 0 {
		return ModelInfo{}, nil
	}
	m := models[at]
	switch {
	case o.NativeDimensions > 0 && o.NativeDimensions != m.Dimensions:
		return m, fmt.Errorf("%s has %d dimensions, not %d", m.ID, m.Dimensions, o.NativeDimensions)
	case m.Fixed && o.Dimensions > 0 && o.Dimensions != m.Dimensions:
		return m, fmt.Errorf("%s has no %d dimensions, it has %d only", m.ID, o.Dimensions, m.Dimensions)
	case o.Dimensions > m.Dimensions:
		return m, fmt.Errorf("%s has no %d dimensions, it has 1 to %d", m.ID, o.Dimensions, m.Dimensions)
	}
	return m, nil
}

// fields returns what is sent besides the model and the texts.
func (o Options) fields(own bool, info ModelInfo) ([]openaicompat.Field, error) {
	var fields []openaicompat.Field
	format := o.EncodingFormat
	if format == "" {
		if format = "float"; own {
			format = "base64"
		}
	}
	switch format {
	case "float", "base64":
		fields = append(fields, openaicompat.Field{Name: "encoding_format", Value: format})
	case "none":
	default:
		return nil, fmt.Errorf("there is no encoding format %q; there are float, base64 and none", format)
	}
	if o.Dimensions > 0 && !info.Fixed {
		fields = append(fields, openaicompat.Field{Name: "dimensions", Value: o.Dimensions})
	}
	return fields, nil
}
