// Package jsonhttp is what providers with a wire of their own share: one JSON request, one JSON answer. It keeps the
// house's rules for HTTP: one transport for the process, no redirect followed, a key in the clear to this machine only,
// answers of a bounded size, Retry-After, and errors that repeat neither the key nor the texts.
package jsonhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// What a classifier is given, and what it returns.
type (
	Failure = wire.Failure
	Verdict = wire.Verdict
)

// Config says whom to ask, and how a request and an answer look.
type Config struct {
	Model   embedding.Model // Endpoint is filled in from BaseURL
	BaseURL string          // with or without a trailing slash
	Path    string          // is added to BaseURL as it is, so it is escaped

	Key       string // "" sends none
	KeyHeader string // the header that carries the key; "" is Authorization, with Bearer before the key
	// Sign, instead of a Key, puts into each request what proves who asks, and returns what no error may repeat. body is what
	// will be sent. It has to be safe for concurrent use.
	Sign func(req *http.Request, body []byte) (secret string, err error)

	// Encode returns the request's body, which is sent as JSON. It must not change what it is given.
	Encode func(embedding.Request) any
	// Decode reads an answer of status 200. Its error says in which way the answer is none, in words of its own; one that is
	// embedding.Invalid says that the call asked for what there is not.
	Decode func(Answer) (embedding.Response, error)
	// Classify says what an answer without vectors means; nil is by status alone.
	Classify func(Failure) Verdict

	// Unreachable is what the user can do where no connection comes about; "" adds nothing to the error.
	Unreachable string

	HTTPClient *http.Client // nil: the process's own; a given one is copied and follows no redirect either
	AllowHTTP  bool         // lets the key travel over plain http to other hosts than this one
}

// Answer is a body of status 200, with what is needed to read it.
type Answer struct {
	Body   []byte
	Header http.Header
	Texts  int // of the request
	Dims   int // of the model; 0: unknown
}

// Client is an Embedder without a guard, which its maker puts around it. It is safe for concurrent use.
type Client struct {
	config Config
	base   *url.URL
	http   *http.Client
}

// New checks c and does no I/O. Its errors are *embedding.Error and quote neither the key nor a URL's secret parts.
func New(c Config) (*Client, error) {
	cl := &Client{config: c, http: wire.HTTPClient(c.HTTPClient)}
	if !wire.Sendable(c.Key) {
		return nil, cl.fail(embedding.Auth, fmt.Errorf("the key holds a space, a line break or another character that no key has: copy it again"))
	}
	base, err := wire.ParseBase(c.BaseURL, c.Path, c.Key != "" || c.Sign != nil, c.AllowHTTP)
	if err != nil {
		return nil, cl.fail(embedding.Invalid, err)
	}
	cl.base = base
	cl.config.Model.Endpoint = base.Host
	return cl, nil
}

// Model says what Embed produces.
func (c *Client) Model() embedding.Model { return c.config.Model }

// Embed sends one request. Its errors are the caller's context error or an *embedding.Error.
func (c *Client) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if len(req.Texts) == 0 {
		return embedding.Response{}, nil
	}
	body, err := encode(c.config.Encode(req))
	if err != nil {
		return embedding.Response{}, c.fail(embedding.Invalid, wire.Cause{Words: wire.Words("the request cannot be sent as JSON: "+err.Error(), c.config.Key, req.Texts)})
	}
	call := call{client: c, ctx: ctx, key: c.config.Key, texts: req.Texts}
	var res embedding.Response
	most := wire.Bound{Texts: len(req.Texts), Dimensions: c.config.Model.Dimensions}
	failure := call.do(http.MethodPost, c.config.Path, body, most, func(a Answer) (err error) {
		res, err = c.config.Decode(a)
		return err
	})
	if err := call.end(failure); err != nil {
		return embedding.Response{}, err
	}
	res.Usage.Requests = 1
	if res.Usage.Tokens <= 0 {
		res.Usage.Tokens, res.Usage.Unmetered = 0, 1
	}
	if id := wire.RequestID(call.header); id != "" {
		res.ID = id
	}
	return res, nil
}

// Get asks for a small JSON document beside Config.Path and hands it to read. Its errors are those of Embed.
func (c *Client) Get(ctx context.Context, path string, read func(body []byte) error) error {
	call := call{client: c, ctx: ctx, key: c.config.Key}
	return call.end(call.do(http.MethodGet, path, nil, wire.Bound{Dimensions: 1}, func(a Answer) error { return read(a.Body) }))
}

// encode is json.Marshal without the escapes for HTML, which servers would have to take off again.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// fail returns an error of this client's model.
func (c *Client) fail(k embedding.Kind, cause error) *embedding.Error {
	return c.named(&embedding.Error{Kind: k, Err: cause})
}

// named adds to an error whose it is.
func (c *Client) named(e *embedding.Error) *embedding.Error {
	m := c.config.Model
	e.Provider, e.Model, e.Endpoint = m.Provider, m.ID, m.Endpoint
	return e
}
