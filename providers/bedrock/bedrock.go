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
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// Environment variables that supply what Options leave empty, as in AWS' own SDKs.
const (
	RegionVariable        = "AWS_REGION"
	DefaultRegionVariable = "AWS_DEFAULT_REGION" // read if AWS_REGION is empty
	KeyVariable           = "AWS_BEARER_TOKEN_BEDROCK"
)

// service matches Bedrock's own hosts, also in private networks. Credentials of the environment
// travel to no other host: customers' programs have hosts under amazonaws.com as well.
var service = regexp.MustCompile(`(?:^|\.)bedrock-runtime(?:-fips)?\.[a-z]{2}(?:-[a-z]+)+-\d\.(?:(?:vpce\.)?amazonaws\.com(?:\.cn)?|api\.aws)$`)

// hosts returns the host of a base URL if it is Bedrock's own.
func hosts(base string) []string {
	if host := setup.Host(base); service.MatchString(host) {
		return []string{host}
	}
	return nil
}

// Options configure [New]. It requires Model, and a region and credentials from here or from the
// environment.
type Options struct {
	Model      string // an id as in [Catalog], an inference profile of one, or an ARN
	Serves     string `ref:"serves"`     // which of [Catalog] an ARN stands for that does not name it
	Dimensions int    `ref:"dimensions"` // length of the vectors; 0 means the model's default
	Region     string `ref:"region"`     // "" means the ARN's, BaseURL's, or AWS_REGION
	BaseURL    string `ref:"base_url"`   // "" means https://bedrock-runtime.{region}.amazonaws.com

	// Credentials returns what signs a request. It is called before each request, concurrently, within
	// the request's time. If it is nil, New reads the environment once.
	Credentials func(context.Context) (Credentials, error)
	// Key is a Bedrock API key, which replaces the signature. "" means the value of KeyEnv. New reads
	// AWS_BEARER_TOKEN_BEDROCK only without Credentials.
	Key    string
	KeyEnv string `ref:"key_env,variable"` // the variable that holds the key

	// Truncate cuts the end of texts that are too long; Cohere's models only. New cuts what is over
	// 2,048 characters for Cohere's v3 itself, since the service refuses it in any case.
	Truncate     bool `ref:"truncate"`
	Unnormalized bool `ref:"unnormalized"` // do not normalize the vectors; Titan only

	Space    embedding.Space  `ref:"space"`    // replaces the space that New derives
	Limits   embedding.Limits `ref:"max_*"`    // each one above 0 replaces the table's
	Unlisted bool             `ref:"unlisted"` // allows another model in Titan's or Cohere's format

	HTTPClient *http.Client // may be nil; redirects are never followed
	AllowHTTP  bool         `ref:"allow_http"` // sends secrets over plain http to another machine
}

// New returns a guarded Embedder for one model, without other middleware. It does no I/O and
// reports bad options as an [*embedding.Error].
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
	origin := setup.Origin("bedrock", base, "", hosts(base)...)
	config := wire.Config{
		Model: embedding.Model{
			Provider:   "bedrock",
			ID:         o.Model,
			Origin:     origin,
			Space:      cmp.Or(o.Space, setup.Space(origin, info.ID, dims)),
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
		Again:      who.again,
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
	config.Model.Variant = setup.Cut("input_type", o.Truncate)
	if len(info.Dimensions) == 1 { // a model with one length refuses a request for it
		dims = 0
	}
	cut := "NONE"
	if o.Truncate {
		cut = info.cut
	}
	e, err := jsonhttp.New(config, jsonhttp.Format{Encode: cohere(info.Tasks, dims, cut), Decode: decodeCohere})
	if err != nil || info.characters == 0 {
		return e, err
	}
	return bounded(e, info.characters, o.Truncate), nil
}

// bounded returns e with texts of more than most characters cut, or refused before they are sent.
func bounded(e embedding.Embedder, most int, cut bool) embedding.Embedder {
	m := e.Model()
	return embedding.Wrap(e, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		texts, merged, good := slices.Clone(req.Texts), embedding.NewMerger(len(req.Texts)), []int(nil)
		long := false
		for i, text := range texts {
			n := utf8.RuneCountInString(text)
			if n <= most || cut {
				good, texts[i] = append(good, i), first(text, most)
				continue
			}
			long = true
			merged.Add([]int{i}, embedding.Response{}, &embedding.Error{
				Kind: embedding.Rejected, Provider: m.Provider, Model: m.ID, Endpoint: m.Endpoint,
				Err: fmt.Errorf("text %d has %d characters and the model takes %d: shorten or split it, or let it be cut "+
					"(Options.Truncate, truncate=true in a reference)", i, n, most),
			})
		}
		req.Texts = texts
		if !long {
			return e.Embed(ctx, req)
		}
		if len(good) > 0 {
			res, err := e.Embed(ctx, req.Pick(good))
			merged.Add(good, res, err)
		}
		return merged.Result()
	})
}

// first returns the first n characters of a text.
func first(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i]
		}
	}
	return text
}

// profile matches the prefix that makes a model's id the id of one of AWS' inference profiles.
var profile = regexp.MustCompile(`^(?:global|us|us-gov|eu|apac|jp|au|ca|amer|emea)\.`)

// served returns the id of the model that a name stands for, if the name says it.
func served(name string) string {
	if strings.HasPrefix(name, "arn:") {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	return profile.ReplaceAllString(name, "")
}

var spelling = regexp.MustCompile(`^[\w.:/-]+$`)

// info returns what the table has about the model. Of an unlisted one it knows the format.
func (o Options) info() (modelInfo, error) {
	id := cmp.Or(o.Serves, served(o.Model))
	m, found, err := setup.Pick(models(), func(m modelInfo) string { return m.ID }, id, o.Unlisted)
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
		m = modelInfo{ID: id, Limits: embedding.Limits{Texts: 1}}
	case !found:
		m = modelInfo{ID: id, Tasks: models()[0].Tasks, Limits: embedding.Limits{Texts: 96}, cut: "RIGHT"}
		if strings.HasSuffix(id, "-v3") {
			m.cut, m.characters = "END", charactersV3
		}
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
	inARN   = regexp.MustCompile(`^arn:[^:]*:[^:]*:([^:]+):`)
	inHost  = regexp.MustCompile(`\bbedrock-runtime(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.`)
)

// site returns the base URL, and the region that requests are signed for.
func (o Options) site() (base, region string, err error) {
	base, region = strings.TrimSpace(o.BaseURL), o.Region
	if m := inARN.FindStringSubmatch(o.Model); m != nil {
		if region != "" && region != m[1] {
			return "", "", fmt.Errorf("the ARN is of region %s, and the region given is %s: leave the region out", m[1], region)
		}
		region = m[1]
	}
	if m := inHost.FindStringSubmatch(setup.Host(base)); m != nil {
		if region != "" && region != m[1] {
			return "", "", fmt.Errorf("the base URL is in region %s, and the region given or named in the ARN is %s: leave one out", m[1], region)
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

// escape writes a name as one element of a path. Like AWS' SDKs it escapes colons and slashes.
func escape(name string) string { return strings.ReplaceAll(url.PathEscape(name), ":", "%3A") }
