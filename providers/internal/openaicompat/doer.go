package openaicompat

import (
	"bytes"
	"context"
	"io"
	"net/http"

	openai "github.com/sashabaranov/go-openai"
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// call is one Embed. It travels to the doer as the request's context, which it is.
type call struct {
	context.Context
	client *Client
	key    string // the one that this request carries, which no error may repeat
	texts  []string
	body   []byte // of the request; never used again, since a transport may still read it when Do has returned

	vectors [][]float32
	id      string
	failure *embedding.Error
}

// open gives the transport the request's body, and again if it tries another connection.
func (c *call) open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(c.body)), nil }

type callKey struct{}

func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// doer stands between go-openai and the network. go-openai has built the URL and the headers; the doer swaps the body,
// and hands back an answer without its vectors, which it has put into the call, or the call's error.
type doer struct{ c *Client }

func (d doer) Do(req *http.Request) (*http.Response, error) {
	call := req.Context().Value(callKey{}).(*call)
	req.Body, _ = call.open()
	req.GetBody, req.ContentLength = call.open, int64(len(call.body))
	if err := call.authorize(req); err != nil {
		return nil, err
	}
	res, err := d.c.http.Do(req)
	if err != nil {
		return nil, call.unreachable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, call.refused(res)
	}
	return call.accepted(res)
}

// authorize puts the key and the query into a request.
func (c *call) authorize(req *http.Request) error {
	req.URL.RawQuery = c.client.query
	if c.client.token != nil {
		token, err := c.client.token(c.Context)
		if err != nil || !wire.Sendable(token) || token == "" {
			c.failure = c.client.fail(wire.NoCredentials("token", err))
			return c.failure
		}
		c.key = token
	}
	switch {
	case c.key == "":
	case c.client.header == "" || c.client.token != nil:
		req.Header.Set("Authorization", "Bearer "+c.key)
	default:
		req.Header.Set(c.client.header, c.key)
	}
	return nil
}

// unreachable is for a request that got no answer.
func (c *call) unreachable(err error) error {
	c.failure = c.client.fail(embedding.Unavailable, wire.TransportCause(err, c.key, c.texts))
	return c.failure
}

// refused is for an answer of another status than 200.
func (c *call) refused(res *http.Response) error {
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return c.broken(res, embedding.KindOfStatus(res.StatusCode), wire.Redirected(res, c.key, c.texts))
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, wire.MostErrorBytes))
	if err != nil && c.Context.Err() != nil {
		return c.unreachable(err) // the caller left while the answer came in
	}
	// A body that broke off is read as far as it came: the status says most.
	c.failure = c.refuse(wire.ReadFailure(res.StatusCode, res.Header, body))
	return c.failure
}

// refuse makes an error of an answer without vectors.
func (c *call) refuse(f Failure) *embedding.Error {
	var v Verdict
	if classify := c.client.classify; classify != nil {
		v = classify(f)
	}
	return c.client.named(f.Refusal(v, c.key, c.texts))
}

// end is the error of a call that failed: the caller's context error if the caller's time was up before a server had
// said anything that counts, else what the doer made of it.
func (c *call) end(err error) error {
	if c.failure != nil && c.failure.Status != 0 && c.failure.Status != http.StatusOK {
		return c.failure
	}
	if end := c.Context.Err(); end != nil {
		return end
	}
	if c.failure != nil {
		return c.failure
	}
	// go-openai could not read the rest of an accepted answer.
	e := c.client.fail(embedding.Malformed, wire.Cause{Words: wire.Words(err.Error(), c.key, c.texts)})
	e.Status, e.RequestID = http.StatusOK, wire.Token(c.id, c.key, c.texts, wire.MaxID)
	return e
}

// broken is for an answer that cannot be used: kind is Malformed if the server is to blame, Unavailable if its way here
// broke off, and what the status says of a redirect.
func (c *call) broken(res *http.Response, kind embedding.Kind, why error) error {
	e := c.client.fail(kind, why)
	e.Status, e.RequestID = res.StatusCode, wire.Token(wire.RequestID(res.Header), c.key, c.texts, wire.MaxID)
	c.failure = e
	return e
}

func (c *call) response(frame openai.EmbeddingResponse) (embedding.Response, error) {
	u := embedding.Usage{Requests: 1, Tokens: frame.Usage.PromptTokens}
	if u.Tokens == 0 {
		u.Tokens = frame.Usage.TotalTokens // all there is where the prompt's are not named
	}
	if u.Tokens == 0 {
		u.Unmetered = 1
	}
	return embedding.Response{Vectors: c.vectors, Usage: u, ID: c.id}, nil
}

// bounded fails with wire.ErrTooLong, where io.LimitReader would make a long body a short one.
type bounded struct {
	r         io.Reader
	bound     wire.Bound
	left      int64
	err       error // the first, io.EOF among them
	began     [64]byte
	beginning int // how much of it there is
}

// head is how the body begins.
func (b *bounded) head() []byte { return b.began[:b.beginning] }

func (b *bounded) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left+1)])
	b.beginning += copy(b.began[b.beginning:], p[:n])
	if b.left -= int64(n); b.left < 0 {
		n, err = 0, b.bound.TooLong()
	}
	b.err = err
	return n, err
}
