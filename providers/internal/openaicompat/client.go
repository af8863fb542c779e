// Package openaicompat speaks the embeddings API that OpenAI defined and many servers serve. It is the one place that
// imports sashabaranov/go-openai: that library builds the request and reads the answer's frame, while an HTTP doer of
// ours, put under it, supplies the request's body in one pass, streams the vectors out of the answer, and keeps what the
// library's errors drop: status, headers and raw bodies.
package openaicompat

import (
	"context"
	"fmt"
	"net/http"

	openai "github.com/sashabaranov/go-openai"
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// What a classifier is given, and what it returns.
type (
	Failure = wire.Failure
	Verdict = wire.Verdict
)

// Config says whom to ask and how.
type Config struct {
	Model     embedding.Model // what the answers hold; ID goes over the wire, Endpoint is filled in from BaseURL
	BaseURL   string          // with or without a trailing slash, without /embeddings
	Key       string          // "" sends none
	KeyHeader string          // the header that carries the key; "" is Authorization, with Bearer before the key
	// Token makes a bearer token for each request, instead of a Key. It has to be safe for concurrent use.
	Token      func(context.Context) (string, error)
	Query      string  // of every request's URL, encoded
	Fields     []Field // members of every request, besides model and input
	TaskFields func(embedding.Task) []Field
	Asked      int                   // dimensions that Fields ask of a server which may ignore it: that is Invalid then
	Classify   func(Failure) Verdict // nil: by status alone
	HTTPClient *http.Client          // nil: the process's own; a given one is copied and follows no redirect either
	AllowHTTP  bool                  // lets the key travel over plain http to other hosts than this one
}

// Client is an Embedder without a guard, which its maker puts around it. It is safe for concurrent use.
type Client struct {
	model    embedding.Model
	key      string
	header   string
	token    func(context.Context) (string, error)
	query    string
	asked    int
	classify func(Failure) Verdict
	encoder  encoder
	http     *http.Client
	api      *openai.Client
}

// New checks c and does no I/O. Its errors are *embedding.Error and quote neither the key nor a URL's secret parts.
func New(c Config) (*Client, error) {
	cl := &Client{
		model: c.Model, key: c.Key, header: c.KeyHeader, token: c.Token, query: c.Query, asked: c.Asked,
		classify: c.Classify, http: wire.HTTPClient(c.HTTPClient),
	}
	if !wire.Sendable(c.Key) {
		return nil, cl.fail(embedding.Auth, fmt.Errorf("the key holds a space, a line break or another character that no key has: copy it again"))
	}
	base, err := wire.ParseBase(c.BaseURL, "/embeddings", c.Key != "" || c.Token != nil, c.AllowHTTP)
	if err != nil {
		return nil, cl.fail(embedding.Invalid, err)
	}
	cl.model.Endpoint = base.Host
	if cl.encoder, err = newEncoder(c.Model.ID, c.Fields, c.TaskFields); err != nil {
		return nil, cl.fail(embedding.Invalid, err)
	}
	cfg := openai.DefaultConfig("") // see call.authorize
	cfg.BaseURL = base.String()
	cfg.HTTPClient = doer{cl}
	cl.api = openai.NewClientWithConfig(cfg)
	return cl, nil
}

// Model says what Embed produces.
func (c *Client) Model() embedding.Model { return c.model }

// Embed sends one request. Its errors are the caller's context error or an *embedding.Error.
func (c *Client) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if len(req.Texts) == 0 {
		return embedding.Response{}, nil
	}
	call := &call{Context: ctx, client: c, key: c.key, texts: req.Texts, body: c.encoder.encode(req)}
	// The body that go-openai encodes is replaced by ours, so it gets as little to encode as it can.
	frame, err := c.api.CreateEmbeddings(call, openai.EmbeddingRequest{})
	if err != nil {
		return embedding.Response{}, call.end(err)
	}
	return call.response(frame)
}

// fail returns an error of this client's model.
func (c *Client) fail(k embedding.Kind, cause error) *embedding.Error {
	return c.named(&embedding.Error{Kind: k, Err: cause})
}

// named adds to an error whose it is.
func (c *Client) named(e *embedding.Error) *embedding.Error {
	e.Provider, e.Model, e.Endpoint = c.model.Provider, c.model.ID, c.model.Endpoint
	return e
}
