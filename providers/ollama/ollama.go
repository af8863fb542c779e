package ollama

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/providers/internal/jsonhttp"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// HostVariable is the environment variable with the server's address, which Ollama itself reads
// too.
const HostVariable = "OLLAMA_HOST"

// BaseURL is where Ollama serves by default.
const BaseURL = "http://127.0.0.1:11434"

// Options configure [New]. It requires Model.
type Options struct {
	Model   string // as in `ollama list`; without a tag it means :latest
	BaseURL string `ref:"base_url"` // up to /api; "" means OLLAMA_HOST, or this machine

	Dimensions       int `ref:"dimensions"`        // the server cuts vectors to it; 0 means no
	NativeDimensions int `ref:"native_dimensions"` // of a model outside the table

	Truncate  bool   `ref:"truncate"`   // cut texts that are too long
	KeepAlive string `ref:"keep_alive"` // how long the model stays loaded: "10m", or "-1" for ever
	Context   int    `ref:"context"`    // num_ctx, in tokens; 0 means the server's setting

	// Prefix is "auto", which chooses prefixes by the model's name, or the name of a row of the table
	// in package providers. "" is auto for the models of [Catalog] and none for others.
	Prefix string `ref:"prefix"`
	// QueryPrefix and DocumentPrefix are prefixes of your own, of queries and of everything else.
	QueryPrefix    string `ref:"query_prefix"`
	DocumentPrefix string `ref:"document_prefix"`
	Plain          bool   `ref:"plain"` // no prefixes, as Prefix "none"

	Key    string // for a proxy in front of the server; "" means the value of KeyEnv
	KeyEnv string `ref:"key_env,variable"` // the variable that holds the key; "" means no key

	Space  embedding.Space  `ref:"space"` // replaces the space that New derives
	Limits embedding.Limits `ref:"max_*"` // each one above 0 replaces the table's

	HTTPClient *http.Client // may be nil; redirects are never followed
	AllowHTTP  bool         `ref:"allow_http"` // sends a key over plain http to another machine
}

var (
	seconds   = regexp.MustCompile(`^-?\d+$`)
	durations = regexp.MustCompile(`^-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$`)
)

// New returns a guarded Embedder for one model, without other middleware. It does no I/O and
// reports bad options as an [*embedding.Error].
func New(o Options) (embedding.Embedder, error) {
	fail := func(k embedding.Kind, format string, args ...any) error {
		return &embedding.Error{Kind: k, Provider: "ollama", Model: o.Model, Err: fmt.Errorf(format, args...)}
	}
	info, known := lookUp(o.Model)
	if err := setup.Lengths(o.Dimensions, o.NativeDimensions); err != nil {
		return nil, fail(embedding.Invalid, "%w", err)
	}
	switch {
	case o.Model == "":
		return nil, fail(embedding.Invalid, "no model is named; `ollama list` shows those that were pulled")
	case known && o.NativeDimensions > 0 && o.NativeDimensions != info.Dimensions:
		return nil, fail(embedding.Invalid, "%s has %d dimensions, not %d", o.Model, info.Dimensions, o.NativeDimensions)
	case known && !info.Cuttable && o.Dimensions > 0 && o.Dimensions != info.Dimensions:
		return nil, fail(embedding.Invalid, "%s has no %d dimensions, it has %d only", o.Model, o.Dimensions, info.Dimensions)
	}
	native := cmp.Or(o.NativeDimensions, info.Dimensions)
	switch {
	case native > 0 && o.Dimensions > native:
		return nil, fail(embedding.Invalid, "%s has no %d dimensions, it has 1 to %d", o.Model, o.Dimensions, native)
	case o.Context < 0:
		return nil, fail(embedding.Invalid, "the context is %d tokens; it is at least 1, or 0 for the server's setting", o.Context)
	case o.KeepAlive != "" && !seconds.MatchString(o.KeepAlive) && !durations.MatchString(o.KeepAlive):
		return nil, fail(embedding.Invalid, "keep_alive is neither a duration, such as 10m, nor a number of seconds")
	}
	chosen, err := prefixes.Options{Prefix: o.Prefix, Query: o.QueryPrefix, Document: o.DocumentPrefix, Plain: o.Plain}.Choose(o.Model, info.Prefix)
	if err != nil {
		return nil, fail(embedding.Invalid, "%w", err)
	}
	base, err := o.base()
	if err != nil {
		return nil, fail(embedding.Invalid, "%w", err)
	}
	key, from := o.Key, "Options.Key"
	if o.KeyEnv != "" {
		if key, from = setup.Key(o.Key, o.KeyEnv); key == "" {
			return nil, fail(embedding.Auth, "no API key: set the variable %s", from)
		}
	}
	return jsonhttp.New(wire.Config{
		Model: embedding.Model{
			Provider:   "ollama",
			ID:         tagged(o.Model),
			Origin:     setup.LocalOrigin("ollama", base, BaseURL),
			Space:      o.Space,
			Variant:    o.variant(chosen),
			Dimensions: cmp.Or(o.Dimensions, native),
			Normalized: true,
			Symmetric:  len(chosen) == 0,
			Limits:     chosen.Within(setup.Limits(o.Limits, embedding.Limits{TextTokens: info.TextTokens})),
			Price:      embedding.Price{},
		},
		BaseURL:     base,
		Path:        "/api/embed",
		Key:         key,
		Classify:    classifier{model: o.Model, key: key, from: from}.classify,
		Unreachable: "is Ollama running there? `ollama serve` starts it, and " + HostVariable + " says where it is",
		HTTPClient:  o.HTTPClient,
		AllowHTTP:   o.AllowHTTP,
	}, jsonhttp.Format{Encode: o.encoder(chosen), Decode: o.decode})
}

// base returns the base URL. OLLAMA_HOST is mostly set for the server, so it may be an address to
// listen on.
func (o Options) base() (string, error) {
	if base := strings.TrimSpace(o.BaseURL); base != "" {
		return base, nil
	}
	host := strings.Trim(strings.TrimSpace(os.Getenv(HostVariable)), `"'`)
	if host == "" {
		return BaseURL, nil
	}
	port := "" // a URL's scheme implies it
	if !strings.Contains(host, "://") {
		host, port = "http://"+host, "11434"
	}
	u, err := url.Parse(host)
	if err != nil {
		return "", errors.New("the variable " + HostVariable + " is neither a host nor a URL")
	}
	name := u.Hostname()
	switch name {
	case "", "0.0.0.0":
		name = "127.0.0.1"
	case "::":
		name = "::1"
	}
	if port = cmp.Or(u.Port(), port); port != "" {
		u.Host = net.JoinHostPort(name, port)
	} else if u.Host = name; strings.Contains(name, ":") {
		u.Host = "[" + name + "]"
	}
	return u.String(), nil
}

// variant names what else than the model decides a text's vector. Where texts are cut, the context
// says where.
func (o Options) variant(p prefixes.Prefixes) string {
	v := setup.Cut(p.Variant(), o.Truncate)
	if o.Truncate && o.Context > 0 {
		v += "=" + strconv.Itoa(o.Context)
	}
	return v
}

type request struct {
	Model      string         `json:"model"`
	Input      []string       `json:"input"`
	Truncate   bool           `json:"truncate"` // always sent: the server's default is true
	Dimensions int            `json:"dimensions,omitempty"`
	KeepAlive  any            `json:"keep_alive,omitempty"`
	Options    map[string]int `json:"options,omitempty"`
}

func (o Options) encoder(p prefixes.Prefixes) func(embedding.Request) any {
	r := request{Model: tagged(o.Model), Truncate: o.Truncate, Dimensions: o.Dimensions}
	switch {
	case seconds.MatchString(o.KeepAlive):
		r.KeepAlive = json.Number(o.KeepAlive) // the server refuses a string without a unit
	case o.KeepAlive != "":
		r.KeepAlive = o.KeepAlive
	}
	if o.Context > 0 {
		r.Options = map[string]int{"num_ctx": o.Context}
	}
	return func(req embedding.Request) any {
		r := r
		r.Input = p.Texts(req)
		return r
	}
}

func (o Options) decode(a jsonhttp.Answer) (embedding.Response, error) {
	var body struct {
		Embeddings json.RawMessage `json:"embeddings"`
		Tokens     int             `json:"prompt_eval_count"`
	}
	if err := jsonhttp.Unmarshal(a.Body, &body); err != nil {
		return embedding.Response{}, errors.New("the answer is not the JSON of Ollama's /api/embed")
	}
	rows, err := jsonhttp.Vectors(body.Embeddings, a.Texts, a.Dims)
	if err != nil && o.Dimensions > 0 { // the server returns shorter vectors unchanged
		if own, e := jsonhttp.Vectors(body.Embeddings, a.Texts, 0); e == nil {
			err = wire.Unfit("the model's vectors have %d dimensions and %d are asked for: ask for fewer, or for none", len(own[0]), a.Dims)
		}
	}
	return embedding.Response{Vectors: rows, Usage: embedding.Usage{Tokens: body.Tokens}}, err
}
