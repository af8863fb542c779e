package dashscope

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
)

// The environment variables that are read where Options say nothing.
const (
	KeyVariable           = "DASHSCOPE_API_KEY"
	BaseURLVariable       = "DASHSCOPE_COMPATIBLE_BASE_URL"
	NativeBaseURLVariable = "DASHSCOPE_HTTP_BASE_URL" // of Options.Native
)

// Options configure New. Only Model is required, and a key, which is in the environment or here.
type Options struct {
	Model      string // as in Models
	Dimensions int    // length of the vectors; 0 is the model's default

	// Native asks the service's own API instead of the OpenAI-compatible one. There text_type and Instruct are documented to
	// take effect, so text_type is always sent.
	Native bool

	// Whom to ask: the first of these that is set, then the variable DASHSCOPE_COMPATIBLE_BASE_URL (DASHSCOPE_HTTP_BASE_URL with
	// Native), then the first of Regions. Beside BaseURL, Region says which dimensions and prices hold; beside Workspace, where
	// the workspace is.
	BaseURL   string // with or without a trailing slash, up to /compatible-mode/v1, with Native up to /api/v1
	Workspace string // a workspace's id: asks {Workspace}.{zone}.maas.aliyuncs.com
	Region    string // as in Regions

	Key    string // "": from KeyEnv
	KeyEnv string // the variable that holds the key; "" is DASHSCOPE_API_KEY

	TextType bool   // send text_type: "query" for embedding.TaskQuery, else "document"; see the package documentation
	Instruct string // send this instruction with queries, and text_type with everything; English is advised

	Space  embedding.Space  // asserts the vectors' space instead of deriving it
	Limits embedding.Limits // replace the table's, each where it is above 0
	// Unlisted allows what the tables do not know: a model, which then needs Dimensions, and dimensions or a region that
	// a model is not documented with. The service decides.
	Unlisted bool

	HTTPClient *http.Client // nil: shared by all providers, with the proxy of the environment; redirects are never followed
	AllowHTTP  bool         // lets the key travel over plain http to a host that is not this machine
}

// New returns a guarded Embedder for one model, without any other middleware. It does no I/O: whatever is wrong with the
// options is said here, as an *embedding.Error.
func New(o Options) (embedding.Embedder, error) {
	s, err := o.site()
	if err != nil {
		return nil, o.fail(embedding.Invalid, err)
	}
	info, err := o.info(s.region)
	if err != nil {
		return nil, o.fail(embedding.Invalid, err)
	}
	from := "Options.Key"
	if o.Key == "" {
		from = cmp.Or(o.KeyEnv, KeyVariable)
		if o.Key = strings.TrimSpace(os.Getenv(from)); o.Key == "" {
			return nil, o.fail(embedding.Auth, fmt.Errorf("no API key: set the variable %s to a key of %s", from, s.place()))
		}
	}
	dims := cmp.Or(o.Dimensions, info.Default)
	model := embedding.Model{
		Provider:   "dashscope",
		ID:         info.ID,
		Space:      cmp.Or(o.Space, s.space(info.ID, dims)),
		Variant:    o.variant(),
		Dimensions: dims,
		Normalized: info.Normalized,
		Symmetric:  !o.textTypes(),
		Limits: embedding.Limits{
			Texts:      over(o.Limits.Texts, info.Limits.Texts),
			Tokens:     over(o.Limits.Tokens, info.Limits.Tokens),
			Bytes:      over(o.Limits.Bytes, info.Limits.Bytes),
			TextTokens: over(o.Limits.TextTokens, info.Limits.TextTokens),
		},
		Price: info.Prices[s.region],
	}
	judge := classifier{key: from, place: s.place(), path: o.api()}
	if o.Native {
		return o.native(s, info, model, judge)
	}
	// float is what the service documents; without it, other clients' default of base64 has unknown effects.
	fields := []openaicompat.Field{{Name: "encoding_format", Value: "float"}}
	if !info.Fixed {
		fields = append(fields, openaicompat.Field{Name: "dimensions", Value: dims})
	}
	client, err := openaicompat.New(openaicompat.Config{
		Model:      model,
		BaseURL:    s.base,
		Key:        o.Key,
		Fields:     fields,
		TaskFields: o.taskFields(),
		Classify:   judge.classify,
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

func (o Options) fail(k embedding.Kind, err error) error {
	return &embedding.Error{Kind: k, Provider: "dashscope", Model: o.Model, Err: err}
}

// info returns what is known about the model, nearly nothing for an unlisted one.
func (o Options) info(region string) (ModelInfo, error) {
	models := Models()
	at := slices.IndexFunc(models, func(m ModelInfo) bool { return m.ID == o.Model })
	if o.Dimensions < 0 {
		return ModelInfo{}, fmt.Errorf("dimensions are %d; a vector has at least 1", o.Dimensions)
	}
	if at < 0 {
		switch {
		case o.Model == "":
			return ModelInfo{}, fmt.Errorf("no model is named; there are %s", modelNames(models))
		case !o.Unlisted:
			return ModelInfo{}, fmt.Errorf("there is no model %q in the table; there are %s "+
				"(Options.Unlisted, unlisted=true in a reference, passes others)", o.Model, modelNames(models))
		case o.Dimensions == 0:
			return ModelInfo{}, fmt.Errorf("model %q is not in the table, so its dimensions have to be given", o.Model)
		}
		// No model of the table takes fewer texts, and a TooLarge answer would name its own limit.
		return ModelInfo{ID: o.Model, Instruct: true, Limits: embedding.Limits{Texts: 10}}, nil
	}
	m := models[at]
	switch dims := m.DimensionsIn(region); {
	case o.Instruct != "" && !m.Instruct:
		takers := slices.DeleteFunc(models, func(m ModelInfo) bool { return !m.Instruct })
		return m, fmt.Errorf("%s takes no instruction; models that do are %s", m.ID, modelNames(takers))
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
		return m, fmt.Errorf("%s has no %d dimensions%s; it has %s", m.ID, o.Dimensions, where, numbers(dims))
	}
	return m, nil
}

func modelNames(models []ModelInfo) string {
	names := make([]string, len(models))
	for i, m := range models {
		names[i] = m.ID
	}
	return strings.Join(names, ", ")
}

func numbers(ns []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ns), " ", ", "), "[]")
}
