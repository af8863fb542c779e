package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/openaicompat"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// Environment variables that supply what Options leave empty, as in Microsoft's own clients.
const (
	KeyVariable      = "AZURE_OPENAI_API_KEY"
	EndpointVariable = "AZURE_OPENAI_ENDPOINT"
)

// Scope is the scope of the tokens that [Options].Token returns.
const Scope = "https://cognitiveservices.azure.com/.default"

// hosts are Azure's own domains. The key of the environment travels to no other host, unless
// AZURE_OPENAI_ENDPOINT names it.
var hosts = []string{"openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com", "openai.azure.us", "openai.azure.cn"}

// Options configure [New]. It requires Deployment, and an address and a key from here or from the
// environment.
type Options struct {
	Deployment string // the deployment's name, not its model's
	Model      string `ref:"model"` // which of [Catalog] it serves; "" means an unknown one

	// Endpoint is the resource's, up to /openai/v1 or not. "" means AZURE_OPENAI_ENDPOINT.
	Endpoint string `ref:"base_url"`
	// APIVersion is for the older addresses, such as 2024-10-21. "" means the v1 API.
	APIVersion string `ref:"api_version"`

	Dimensions       int `ref:"dimensions"`        // sent with each request; 0 means the model's own
	NativeDimensions int `ref:"native_dimensions"` // of a deployment without Model; not sent

	Key string // "" means the value of KeyEnv
	// KeyEnv is the variable that holds the key. "" means AZURE_OPENAI_API_KEY, for Azure's own hosts
	// and for AZURE_OPENAI_ENDPOINT only.
	KeyEnv string `ref:"key_env,variable"`
	// Token replaces the key with a Microsoft Entra token for [Scope]. It is called before each
	// request, concurrently, within the request's time. It should keep a token until it expires.
	Token func(context.Context) (string, error)

	Space  embedding.Space  `ref:"space"` // replaces the space that New derives
	Limits embedding.Limits `ref:"max_*"` // each one above 0 replaces the table's

	HTTPClient *http.Client // may be nil; redirects are never followed
	AllowHTTP  bool         `ref:"allow_http"` // sends the key over plain http to another machine
}

// New returns a guarded Embedder for one deployment, without other middleware. It does no I/O and
// reports bad options as an [*embedding.Error].
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
		if strings.TrimSpace(o.Endpoint) == "" { // the user set both variables, and they belong together
			trusted = append([]string{host}, hosts...)
		}
		if key, from, err = setup.RequiredKey(o.Key, o.KeyEnv, KeyVariable, root, trusted...); err != nil {
			return nil, fail(embedding.Auth, err)
		}
	}
	model := embedding.Model{
		Provider:   cmp.Or(host, "azure"),
		ID:         o.Deployment,
		Origin:     setup.Address(root, ""),
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

func id(m modelInfo) string { return m.ID }

// info checks the options and returns what the table has about the model, if one is named.
func (o Options) info() (modelInfo, error) {
	if err := setup.Lengths(o.Dimensions, o.NativeDimensions); err != nil {
		return modelInfo{}, err
	}
	switch {
	case o.Deployment == "":
		return modelInfo{}, errors.New("no deployment is named: give the name that it has in the resource")
	case !names.MatchString(o.Deployment):
		return modelInfo{}, fmt.Errorf("%q is no name of a deployment: those have letters, digits, hyphens, dots and underscores", o.Deployment)
	case o.APIVersion != "" && !versions.MatchString(o.APIVersion):
		return modelInfo{}, fmt.Errorf("the API version is not of the form 2024-10-21 or 2025-04-01-preview; leave it out for the v1 API")
	case o.Key != "" && o.Token != nil || o.KeyEnv != "" && o.Token != nil:
		return modelInfo{}, errors.New("both a key and a source of tokens are given: leave one out")
	case o.Dimensions > 0 && o.NativeDimensions > 0:
		return modelInfo{}, errors.New("both dimensions to ask for and native dimensions are given: leave one out")
	case o.Model == "":
		return modelInfo{}, nil
	}
	m, found, _ := setup.Pick(models(), id, o.Model, true)
	switch {
	case !found:
		return m, fmt.Errorf("there is no model %q in the table; there are %s (leave it out, and assert Options.Space, space= in a reference, for others)",
			o.Model, setup.Names(models(), id))
	case o.NativeDimensions > 0 && o.NativeDimensions != m.Dimensions:
		return m, fmt.Errorf("%s has %d dimensions, not %d", m.ID, m.Dimensions, o.NativeDimensions)
	case m.Fixed && o.Dimensions > 0 && o.Dimensions != m.Dimensions:
		return m, fmt.Errorf("%s has no %d dimensions, it has %d only", m.ID, o.Dimensions, m.Dimensions)
	case o.Dimensions > m.Dimensions:
		return m, fmt.Errorf("%s has no %d dimensions, it has 1 to %d", m.ID, o.Dimensions, m.Dimensions)
	}
	return m, nil
}

// root returns the address up to /openai, and its host. The exchange reports what else is wrong.
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
	host = setup.Host(root)
	path := ""
	if u, err := url.Parse(root); err == nil {
		path = strings.ToLower(strings.TrimRight(u.Path, "/"))
	}
	const front = "give the address of the resource alone, such as https://my-resource.openai.azure.com"
	switch {
	case strings.Contains(path+"/", "/api/projects/"):
		return "", "", errors.New("the endpoint is a project's, which has no embeddings: " + front + " (what is in front of /api/projects)")
	case pasted.MatchString(path):
		return "", "", fmt.Errorf("the endpoint ends in %s, which is added to it where it belongs: %s", pasted.FindString(path), front)
	case path != "" && !strings.Contains(root, "?") && setup.Within(host, hosts...):
		return "", "", errors.New("the endpoint has a path, which no resource has: " + front)
	}
	return root, host, nil
}

// pasted matches the end of an address that was copied from a request.
var pasted = regexp.MustCompile(`/(?:embeddings|models|chat/completions|completions|responses|deployments(?:/[^/]*)?)$`)
