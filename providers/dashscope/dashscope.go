package dashscope

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope/internal/models"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// Environment variables that supply what Options leave empty.
const (
	KeyVariable           = "DASHSCOPE_API_KEY"
	BaseURLVariable       = "DASHSCOPE_COMPATIBLE_BASE_URL"
	NativeBaseURLVariable = "DASHSCOPE_HTTP_BASE_URL" // with Options.Native
)

// Options configure [New]. It requires Model, and a key from here or from the environment.
type Options struct {
	Model      string // as in [Catalog]
	Dimensions int    `ref:"dimensions"` // length of the vectors; 0 means the model's default

	// Native asks the native API instead of the OpenAI-compatible one. It documents that text_type and
	// Instruct take effect, so New always sends text_type there.
	Native bool `ref:"native"`

	// The address is the first that is set of BaseURL, Workspace, the variable
	// DASHSCOPE_COMPATIBLE_BASE_URL (DASHSCOPE_HTTP_BASE_URL with Native) and Region, else it is cn.
	// Beside BaseURL or the variable, Region selects dimensions and prices. Beside Workspace, it says
	// where that is.
	BaseURL   string `ref:"base_url"`  // up to /compatible-mode/v1, or to /api/v1 with Native
	Workspace string `ref:"workspace"` // a workspace's id, for {Workspace}.{zone}.maas.aliyuncs.com
	Region    string `ref:"region"`    // cn, intl, hk, finance, us, eu or token-plan

	Key string // "" means the value of KeyEnv
	// KeyEnv is the variable that holds the key. "" means DASHSCOPE_API_KEY, for the service's own
	// hosts, for this machine and for the address in the variable only.
	KeyEnv string `ref:"key_env,variable"`

	// TextType sends text_type: "query" for [embedding.TaskQuery], else "document".
	TextType bool `ref:"text_type"`
	// Instruct is an instruction to send with queries, preferably in English. It implies TextType.
	Instruct string `ref:"instruct"`

	Space  embedding.Space  `ref:"space"` // replaces the space that New derives
	Limits embedding.Limits `ref:"max_*"` // each one above 0 replaces the table's
	// Unlisted allows what the tables do not have: a model, which then needs Dimensions, and
	// dimensions or regions that a model is not documented with. The service decides.
	Unlisted bool `ref:"unlisted"`

	HTTPClient *http.Client // may be nil; redirects are never followed
	AllowHTTP  bool         `ref:"allow_http"` // sends the key over plain http to another machine
}

// New returns a guarded Embedder for one model, without other middleware. It does no I/O and
// reports bad options as an [*embedding.Error].
func New(o Options) (embedding.Embedder, error) {
	c, err := o.client()
	if err != nil {
		return nil, err
	}
	if o.Native {
		c.config.Path = nativePath
		return jsonhttp.New(c.config, jsonhttp.Format{Encode: o.nativeEncoder(c.dims), Decode: decodeNative})
	}
	return openaicompat.New(c.config, c.format)
}

// client is what Options say.
type client struct {
	site
	info   models.Info
	dims   int // to send; 0 means none
	config wire.Config
	format openaicompat.Format // of the OpenAI-compatible API
}

func (o Options) client() (c client, err error) {
	s, err := o.site()
	if err != nil {
		return c, o.fail(embedding.Invalid, err)
	}
	info, err := o.info(s.region)
	if err != nil {
		return c, o.fail(embedding.Invalid, err)
	}
	key, from, err := o.key(s)
	if err != nil {
		return c, o.fail(embedding.Auth, err)
	}
	dims := cmp.Or(o.Dimensions, info.Default)
	c = client{site: s, info: info, dims: dims, config: wire.Config{
		Model: embedding.Model{
			Provider:   "dashscope",
			ID:         info.ID,
			Origin:     setup.Origin("dashscope", s.base, o.api(), ownHost),
			Space:      o.Space,
			Variant:    o.variant(),
			Dimensions: dims,
			Normalized: info.Normalized,
			Symmetric:  !o.textTypes(),
			Limits:     setup.Limits(o.Limits, info.Limits),
			Price:      info.Prices[s.region],
		},
		BaseURL:    s.base,
		Key:        key,
		Classify:   classifier{key: from, place: s.place(), path: o.api()}.classify,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	}}
	if info.Fixed {
		c.dims = 0
	}
	// float is what the service documents. Other clients send base64 by default, with unknown effects.
	c.format = openaicompat.Format{Fields: []openaicompat.Field{{Name: "encoding_format", Value: "float"}}, TaskFields: o.taskFields()}
	if c.dims > 0 {
		c.format.Fields = append(c.format.Fields, openaicompat.Field{Name: "dimensions", Value: c.dims})
	}
	return c, nil
}

func (o Options) fail(k embedding.Kind, err error) error {
	return &embedding.Error{Kind: k, Provider: "dashscope", Model: o.Model, Err: err}
}

func id(m models.Info) string { return m.ID }

// info returns what is known about the model in a region, nearly nothing for an unlisted model.
func (o Options) info(region string) (models.Info, error) {
	if err := setup.Lengths(o.Dimensions); err != nil {
		return models.Info{}, err
	}
	m, found, err := setup.Pick(models.All(), id, o.Model, o.Unlisted)
	switch dims := m.DimensionsIn(region); {
	case err != nil:
		return m, err
	case !found && o.Dimensions == 0:
		return m, fmt.Errorf("model %q is not in the table, so its dimensions have to be given", o.Model)
	case !found:
		// No model of the table takes fewer texts, and a TooLarge answer would name its own limit.
		return models.Info{ID: o.Model, Instruct: true, Limits: embedding.Limits{Texts: 10}}, nil
	case o.Instruct != "" && !m.Instruct:
		takers := slices.DeleteFunc(models.All(), func(m models.Info) bool { return !m.Instruct })
		return m, fmt.Errorf("%s takes no instruction; models that do are %s", m.ID, setup.Names(takers, id))
	case m.Fixed && o.Dimensions != 0 && o.Dimensions != m.Default:
		// Not even Unlisted passes this: the service would ignore the wish.
		return m, fmt.Errorf("%s has no %d dimensions, it has %d only", m.ID, o.Dimensions, m.Default)
	case o.Unlisted:
		return m, nil
	case !m.In(region):
		return m, fmt.Errorf("%s is not served in region %q; it is in %s", m.ID, region, strings.Join(m.Regions, ", "))
	case o.Dimensions != 0 && !slices.Contains(dims, o.Dimensions):
		where := ""
		if region != "" {
			where = " in region " + region
		}
		return m, fmt.Errorf("%s has no %d dimensions%s; it has %s", m.ID, o.Dimensions, where, setup.Numbers(dims))
	}
	return m, nil
}
