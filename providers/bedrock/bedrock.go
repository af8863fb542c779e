package bedrock

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
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// The environment variables that are read where Options say nothing, those of AWS' own SDKs.
const (
	RegionVariable        = "AWS_REGION"
	DefaultRegionVariable = "AWS_DEFAULT_REGION" // where AWS_REGION says nothing
	KeyVariable           = "AWS_BEARER_TOKEN_BEDROCK"
)

// hosts are AWS' own. What the environment holds travels to no others.
var hosts = []string{"amazonaws.com", "amazonaws.com.cn"}

// Options configure New. Model is required, and a region and credentials, which are in the environment or here.
type Options struct {
	Model      string // an id as in Models, an inference profile of one, or an ARN
	Serves     string // which of Models an ARN stands for that does not say it
	Dimensions int    // length of the vectors; 0 is the model's default
	Region     string // such as us-east-1; "" is that of BaseURL, or AWS_REGION
	BaseURL    string // "" is https://bedrock-runtime.{region}.amazonaws.com

	// Credentials returns what requests are signed with. It is asked before each request, by many at once, and its time counts
	// to the request's. Nil: the environment, once.
	Credentials func(context.Context) (Credentials, error)
	// Key is a Bedrock API key, which replaces the signature. "": from KeyEnv; AWS_BEARER_TOKEN_BEDROCK is read only where no
	// Credentials are given.
	Key    string
	KeyEnv string // the variable that holds the key

	Truncate     bool // cut the end of texts that are too long, instead of refusing them; Cohere's models only
	Unnormalized bool // leave the vectors' length as it is; Titan only

	Space    embedding.Space  // asserts the vectors' space instead of deriving it
	Limits   embedding.Limits // replace the table's, each where it is above 0
	Unlisted bool             // allows a model of Titan's or Cohere's text format that the table does not know

	HTTPClient *http.Client // nil: shared by all providers, with the proxy of the environment; redirects are never followed
	AllowHTTP  bool         // lets key, token and signatures travel over plain http to a host that is not this machine
}

// New returns a guarded Embedder for one model, without any other middleware. It does no I/O: whatever is wrong with the
// options is said here, as an *embedding.Error.
func New(o Options) (embedding.Embedder, error) {
	fail := func(k embedding.Kind, err error) error {
		return &embedding.Error{Kind: k, Provider: "bedrock", Model: o.Model, Err: err}
	}
	info, err := o.info()
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	dims, err := setup.Dimensions(info.ID, info.Dimensions, o.Dimensions)
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	base, region, err := o.site()
	if err != nil {
		return nil, fail(embedding.Invalid, err)
	}
	who, err := o.identity(base, region)
	if err != nil {
		return nil, fail(embedding.Auth, err)
	}
	config := wire.Config{
		Model: embedding.Model{
			Provider:   "bedrock",
			ID:         o.Model,
			Space:      cmp.Or(o.Space, setup.Space("bedrock", base, info.ID, dims, hosts...)),
			Dimensions: dims,
			Normalized: info.Normalized && !o.Unnormalized,
			Symmetric:  info.Tasks == nil,
			Limits:     setup.Limits(o.Limits, info.Limits),
			Price:      info.Price,
		},
		BaseURL:    base,
		Path:       "/model/" + escape(o.Model) + "/invoke",
		Key:        who.key,
		Sign:       who.sign,
		Classify:   classifier{from: who.from, region: region}.classify,
		HTTPClient: o.HTTPClient,
		AllowHTTP:  o.AllowHTTP,
	}
	if info.Tasks == nil {
		if o.Unnormalized {
			config.Model.Variant = "normalize=false"
		}
		return jsonhttp.New(config, jsonhttp.Format{Encode: titan(dims, !o.Unnormalized), Decode: decodeTitan})
	}
	config.Model.Variant = "input_type"
	if len(info.Dimensions) == 1 { // a model with one length refuses to be told it
		dims = 0
	}
	cut := "NONE"
	if o.Truncate {
		cut = info.cut
	}
	return jsonhttp.New(config, jsonhttp.Format{Encode: cohere(info.Tasks, dims, cut), Decode: decodeCohere})
}

// profile is what stands before a model's id in the id of an inference profile that AWS made.
var profile = regexp.MustCompile(`^(?:global|us|us-gov|eu|apac|jp|au|ca|amer|emea)\.`)

// served returns the id of the model that a name stands for, as far as the name says it.
func served(name string) string {
	if strings.HasPrefix(name, "arn:") {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	return profile.ReplaceAllString(name, "")
}

var spelling = regexp.MustCompile(`^[\w.:/-]+$`)

// info returns what is known about the model, nearly nothing for an unlisted one, of which only the format is.
func (o Options) info() (ModelInfo, error) {
	id := cmp.Or(o.Serves, served(o.Model))
	m, found, err := setup.Pick(Models(), func(m ModelInfo) string { return m.ID }, id, o.Unlisted)
	switch isTitan := strings.HasPrefix(id, "amazon.titan-embed-text"); {
	case err != nil && strings.HasPrefix(o.Model, "arn:") && o.Serves == "" && !strings.Contains(id, "."):
		return m, errors.New("the ARN does not say its model: give it as Options.Serves (serves= in a reference)")
	case err != nil:
		return m, err
	case !spelling.MatchString(o.Model):
		return m, errors.New("the model's name has characters that no id and no ARN has")
	case !found && !isTitan && !strings.HasPrefix(id, "cohere.embed-"):
		return m, fmt.Errorf("%q is of neither format that this package speaks, amazon.titan-embed-text and cohere.embed", id)
	case !found && isTitan:
		m = ModelInfo{ID: id, Limits: embedding.Limits{Texts: 1}}
	case !found:
		m = ModelInfo{ID: id, Tasks: Models()[0].Tasks, Limits: embedding.Limits{Texts: 96}, cut: "RIGHT"}
	}
	switch {
	case m.Tasks == nil && o.Truncate:
		return m, fmt.Errorf("%s cannot cut texts: leave Truncate out, and put shorter texts in", m.ID)
	case m.Tasks != nil && o.Unnormalized:
		return m, fmt.Errorf("%s cannot be asked for vectors as they are: leave Unnormalized out", m.ID)
	}
	return m, nil
}

var (
	regions = regexp.MustCompile(`^[a-z]{2}(?:-[a-z]+)+-\d$`)
	inHost  = regexp.MustCompile(`\bbedrock-runtime(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.`)
)

// site returns whom to ask, and the region that requests are signed for.
func (o Options) site() (base, region string, err error) {
	base, region = strings.TrimSpace(o.BaseURL), o.Region
	if m := inHost.FindStringSubmatch(setup.Host(base)); m != nil {
		if region != "" && region != m[1] {
			return "", "", fmt.Errorf("the base URL is in region %s, and the region given is %s: leave one out", m[1], region)
		}
		region = m[1]
	}
	region = cmp.Or(region, strings.TrimSpace(os.Getenv(RegionVariable)), strings.TrimSpace(os.Getenv(DefaultRegionVariable)))
	switch {
	case region == "":
		return "", "", errors.New("no region: set the variable " + RegionVariable + ", or Options.Region (region= in a reference), such as us-east-1")
	case !regions.MatchString(region):
		return "", "", errors.New("the region is not of the form us-east-1")
	case base == "" && strings.HasPrefix(region, "cn-"):
		base = "https://bedrock-runtime." + region + ".amazonaws.com.cn"
	case base == "":
		base = "https://bedrock-runtime." + region + ".amazonaws.com"
	}
	return base, region, nil
}

// escape writes a name as one element of a path, the way AWS' SDKs do: colons and slashes too.
func escape(name string) string { return strings.ReplaceAll(url.PathEscape(name), ":", "%3A") }
