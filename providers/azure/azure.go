package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// The environment variables that are read where Options say nothing. Microsoft's own clients read the same.
const (
	KeyVariable      = "AZURE_OPENAI_API_KEY"
	EndpointVariable = "AZURE_OPENAI_ENDPOINT"
)

// Scope is what Options.Token has to ask a token for.
const Scope = "https://cognitiveservices.azure.com/.default"

// hosts are Azure's own, those below them included. The key of the environment travels to no others, unless
// AZURE_OPENAI_ENDPOINT names them.
var hosts = []string{"openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com", "openai.azure.us", "openai.azure.cn"}

// Options configure New. Only Deployment is required, and an address and a key, which are in the environment or here.
type Options struct {
	Deployment string // its name, which is not its model's
	Model      string // asserts which of Models it is; "": nothing is known about it

	Endpoint   string // of the resource, with or without /openai/v1; "" is AZURE_OPENAI_ENDPOINT
	APIVersion string // "" is the v1 API; else, such as 2024-10-21, the older addresses by deployment

	Dimensions       int // sent with each request; 0 sends nothing and gets the model's own
	NativeDimensions int // what a deployment without Model has anyway: known from the start, and not sent

	Key    string // "": from KeyEnv
	KeyEnv string // the variable that holds the key; "" is AZURE_OPENAI_API_KEY, for Azure's own hosts and AZURE_OPENAI_ENDPOINT
	// Token returns a Microsoft Entra token for Scope, and replaces the key. It is asked before each request, by many at
	// once, and its time counts to the request's: it keeps a token until that expires.
	Token func(context.Context) (string, error)

	Space  embedding.Space  // asserts the vectors' space instead of deriving it
	Limits embedding.Limits // replace the table's, each where it is above 0

	HTTPClient *http.Client // nil: shared by all providers, with the proxy of the environment; redirects are never followed
	AllowHTTP  bool         // lets the key travel over plain http to a host that is not this machine
}

// New returns a guarded Embedder for one deployment, without any other middleware. It does no I/O: whatever is wrong
// with the options is said here, as an *embedding.Error.
func New(o Options) (embedding.Embedder, error) {
	fail := func(k embedding.Kind, err error) error {
		return &embedding.Error{Kind: k, Provider: "azure", Model: o.Deployment, Err: err}
	}
	info, err := o.info()
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	root, host, err := o.root()
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	var key string
	from := "Options.Token"
	if o.Token == nil {
		trusted := hosts
		if strings.TrimSpace(o.Endpoint) == "" { // both variables are the user's own word, and belong together
			trusted = append([]string{host}, hosts...)
		}
		if key, from, err = setup.RequiredKey(o.Key, o.KeyEnv, KeyVariable, root, trusted...); err != nil {
			return nil, fail(embedding.Auth, err)
		}
	}
	model := embedding.Model{
		Provider:   cmp.Or(host, "azure"),
		ID:         o.Deployment,
		Space:      o.Space,
		Dimensions: cmp.Or(o.Dimensions, o.NativeDimensions, info.Dimensions),
		Normalized: info.Normalized,
		Symmetric:  true,
		Limits:     setup.Limits(o.Limits, info.Limits),
		Price:      info.Price,
	}
	if o.Model != "" {
		model.Provider = "azure"
		model.Space = cmp.Or(o.Space, embedding.Space(fmt.Sprintf("openai/%s@%d", o.Model, model.Dimensions)))
	}
	base, query := root+"/openai/v1", ""
	if o.APIVersion != "" {
		base, query = root+"/openai/deployments/"+o.Deployment, "api-version="+o.APIVersion
	}
	fields := []openaicompat.Field{{Name: "encoding_format", Value: "base64"}}
	if o.Dimensions > 0 && !info.Fixed {
		fields = append(fields, openaicompat.Field{Name: "dimensions", Value: o.Dimensions})
	}
	return openaicompat.New(wire.Config{
		Model:      model,
		BaseURL:    base,
		Key:        key,
		KeyHeader:  "api-key",
		Token:      o.Token,
		Query:      query,
		Classify:   classifier{deployment: o.Deployment, host: host, from: from, version: o.APIVersion}.classify,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	}, openaicompat.Format{Fields: fields})
}

var (
	names    = regexp.MustCompile(`^[\w.-]{1,64}$`)
	versions = regexp.MustCompile(`^\d{4}-\d\d-\d\d(-preview)?$`)
)

func id(m ModelInfo) string { return m.ID }

// info returns what is known about the model, nothing where none is asserted.
func (o Options) info() (ModelInfo, error) {
	switch {
	case o.Deployment == "":
		return ModelInfo{}, errors.New("no deployment is named: give the name that it has in the resource")
	case !names.MatchString(o.Deployment):
		return ModelInfo{}, fmt.Errorf("%q is no name of a deployment: those have letters, digits, hyphens, dots and underscores", o.Deployment)
	case o.APIVersion != "" && !versions.MatchString(o.APIVersion):
		return ModelInfo{}, fmt.Errorf("the API version is not of the form 2024-10-21 or 2025-04-01-preview; leave it out for the v1 API")
	case o.Key != "" && o.Token != nil || o.KeyEnv != "" && o.Token != nil:
		return ModelInfo{}, errors.New("both a key and a source of tokens are given: leave one out")
	case o.Dimensions < 0 || o.NativeDimensions < 0:
		return ModelInfo{}, errors.New("a vector has at least 1 dimension")
	case o.Dimensions > 0 && o.NativeDimensions > 0:
		return ModelInfo{}, errors.New("both dimensions to ask for and native dimensions are given: leave one out")
	case o.Model == "":
		return ModelInfo{}, nil
	}
	m, found, _ := setup.Pick(Models(), id, o.Model, true)
	switch {
	case !found:
		return m, fmt.Errorf("there is no model %q in the table; there are %s (leave it out, and assert Options.Space, space= in a reference, for others)",
			o.Model, setup.Names(Models(), id))
	case o.NativeDimensions > 0 && o.NativeDimensions != m.Dimensions:
		return m, fmt.Errorf("%s has %d dimensions, not %d", m.ID, m.Dimensions, o.NativeDimensions)
	case m.Fixed && o.Dimensions > 0 && o.Dimensions != m.Dimensions:
		return m, fmt.Errorf("%s has no %d dimensions, it has %d only", m.ID, o.Dimensions, m.Dimensions)
	case o.Dimensions > m.Dimensions:
		return m, fmt.Errorf("%s has no %d dimensions, it has 1 to %d", m.ID, o.Dimensions, m.Dimensions)
	}
	return m, nil
}

// root returns the address up to /openai, and its host. What is wrong with it otherwise, openaicompat says.
func (o Options) root() (root, host string, err error) {
	root = cmp.Or(strings.TrimSpace(o.Endpoint), strings.TrimSpace(os.Getenv(EndpointVariable)))
	if root == "" {
		return "", "", errors.New("no endpoint: set the variable " + EndpointVariable + " to the resource's, such as https://my-resource.openai.azure.com")
	}
	if strings.Contains(root, "/openai/deployments/") {
		return "", "", errors.New("the endpoint names a deployment: give the address in front of /openai, such as https://my-resource.openai.azure.com, " +
			"and the version that follows api-version= as Options.APIVersion (api_version= in a reference)")
	}
	root = strings.TrimRight(root, "/")
	root = strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(root, "/v1"), "/openai"), "/")
	return root, setup.Host(root), nil
}
