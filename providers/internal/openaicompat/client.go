// Package openaicompat speaks the embeddings API that OpenAI defined and many servers serve.
//
// It is built on sashabaranov/go-openai, and is the only package that imports it: go-openai
// addresses each request and reads the frame of its answer. Texts and vectors go past it. It would
// encode the texts twice, with a map in between, and decode the vectors by reflection, many times
// slower than package scan. It also reads base64 only if it asked for it, and takes null for 0.
package openaicompat

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	openai "github.com/sashabaranov/go-openai"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/providers/internal/openaicompat/scan"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// Format says what requests hold beside the model and the texts.
type Format struct {
	Fields     []Field // members of every request
	TaskFields func(embedding.Task) []Field
	Prefixes   prefixes.Prefixes // of the texts
	// Asked is the number of dimensions that Fields ask for. A server that ignores it is Invalid.
	Asked int
}

// New returns a guarded Embedder. It does no I/O. Its errors are [*embedding.Error] and quote
// neither the key nor the secret parts of a URL.
func New(c wire.Config, f Format) (embedding.Embedder, error) {
	cl, err := newClient(c, f)
	if err != nil {
		return nil, err
	}
	return embedding.Chain(cl), nil
}

// client is an Embedder without a guard. It is safe for concurrent use.
type client struct {
	*wire.Exchange
	encoder  encoder
	prefixes prefixes.Prefixes
	asked    int
	config   openai.ClientConfig // without an HTTPClient, which each call is for itself
}

func newClient(c wire.Config, f Format) (*client, error) {
	c.Path = "/embeddings"
	x, err := wire.NewExchange(c)
	if err != nil {
		return nil, err
	}
	cl := &client{Exchange: x, prefixes: f.Prefixes, asked: f.Asked, config: openai.DefaultConfig("")}
	cl.config.BaseURL = x.BaseURL()
	if cl.encoder, err = newEncoder(c.Model.ID, f.Fields, f.TaskFields); err != nil {
		return nil, x.Fail(embedding.Invalid, err)
	}
	return cl, nil
}

// Embed sends one request. Its errors are the context's own or an [*embedding.Error].
func (c *client) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	req.Texts = c.prefixes.Texts(req)
	call := &call{client: c, req: req}
	config := c.config
	config.HTTPClient = call
	frame, err := openai.NewClientWithConfig(config).CreateEmbeddings(ctx, openai.EmbeddingRequest{})
	switch {
	case err == nil:
	case call.answer == nil: // the exchange failed
		return embedding.Response{}, err
	case ctx.Err() != nil:
		return embedding.Response{}, ctx.Err()
	default: // the frame is not what go-openai knows; the vectors are worth more than a counter
		var counts struct{ Usage openai.Usage }
		_ = json.Unmarshal(call.found.Rest, &counts) // what is of another type stays 0
		frame.Usage = counts.Usage
	}
	id := call.answer.ID("")
	if id == "" {
		id = call.answer.ID(wire.ReadFailure(http.StatusOK, nil, call.found.Rest).ID)
	}
	// Some servers name the total only.
	usage := wire.Usage(cmp.Or(frame.Usage.PromptTokens, frame.Usage.TotalTokens))
	return embedding.Response{Vectors: call.found.Vectors, Usage: usage, ID: id}, nil
}

// call is one Embed. It is the HTTP client that go-openai sends its request through.
type call struct {
	client *client
	req    embedding.Request
	found  scan.Answer
	answer *wire.Answer // nil until the exchange has succeeded
}

// Do sends the request with a body of its own and returns the answer without its vectors.
func (c *call) Do(req *http.Request) (*http.Response, error) {
	answer, err := c.client.Do(req, c.client.encoder.encode(c.req), c.req.Texts, c.read)
	if err != nil {
		return nil, err
	}
	c.answer = answer
	answer.Body = io.NopCloser(bytes.NewReader(c.found.Rest))
	return answer.Response, nil
}

func (c *call) read(a *wire.Answer) (rest []byte, bare bool, err error) {
	c.found, err = scan.Read(a, a.Texts, a.Dimensions)
	if asked := c.client.asked; asked > 0 && errors.Is(err, scan.ErrLength) {
		err = wire.Unfit("the server ignores that %d dimensions are asked for (%w): ask for none and take the model's own, "+
			"or cut those with middleware.Truncate if the model was trained for it", asked, err)
	}
	if syntax, ok := errors.AsType[*scan.SyntaxError](err); ok {
		err = errors.New(cmp.Or(a.NotJSON(syntax.Early), err.Error()))
	}
	if err != nil || mayCarryError(c.found) {
		rest = c.found.Rest
	}
	return rest, c.found.Items == 0, err
}

// mayCarryError spares the usual answer a second reading: one with items, and with no "error"
// beside them in any spelling.
func mayCarryError(answer scan.Answer) bool {
	name := []byte(`"error"`)
	for i, c := range answer.Rest {
		if c == '\\' || c == '"' && len(answer.Rest)-i >= len(name) && bytes.EqualFold(answer.Rest[i:i+len(name)], name) {
			return true
		}
	}
	return answer.Items == 0
}
