// Package jsonhttp is what providers with a wire of their own share: one JSON request and one JSON
// answer through a [wire.Exchange].
package jsonhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// Format says what a request and an answer look like.
type Format struct {
	// Encode returns the request's body, which is sent as JSON. It must not change its argument.
	Encode func(embedding.Request) any
	// Decode reads an answer of status 200. Its error says what is wrong with the answer, in words
	// of its own; see [wire.Unfit].
	Decode func(Answer) (embedding.Response, error)
}

// Answer is the body of an answer, with what is needed to read it.
type Answer struct {
	Body   []byte
	Header http.Header
	Texts  int // of the request
	Dims   int // of the model; 0 means unknown
}

// New returns a guarded Embedder. It does no I/O. Its errors are [*embedding.Error] and quote
// neither the key nor the secret parts of a URL.
func New(c wire.Config, f Format) (embedding.Embedder, error) {
	x, err := wire.NewExchange(c)
	if err != nil {
		return nil, err
	}
	return embedding.Chain(&client{x, f}), nil
}

// client is an Embedder without a guard. It is safe for concurrent use.
type client struct {
	*wire.Exchange
	format Format
}

// Embed sends one request. Its errors are the context's own or an [*embedding.Error].
func (c *client) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	body, err := encode(c.format.Encode(req))
	if err != nil {
		words := wire.Words("the request cannot be sent as JSON: "+err.Error(), "", req.Texts)
		return embedding.Response{}, c.Fail(embedding.Invalid, wire.Cause{Words: words})
	}
	var res embedding.Response
	answer, err := c.Post(ctx, body, req.Texts, reader(func(a Answer) (err error) {
		res, err = c.format.Decode(a)
		return err
	}))
	if err != nil {
		return embedding.Response{}, err
	}
	res.Usage, res.ID = wire.Usage(res.Usage.Tokens), answer.ID(res.ID)
	return res, nil
}

// Get asks the server of c for the small JSON document at path and has read read it. Its errors
// are the context's own or an [*embedding.Error].
func Get(ctx context.Context, c wire.Config, path string, read func(body []byte) error) error {
	x, err := wire.NewExchange(c)
	if err != nil {
		return err
	}
	return x.Get(ctx, path, reader(func(a Answer) error { return read(a.Body) }))
}

// Post is [Get] with a JSON request.
func Post(ctx context.Context, c wire.Config, path string, ask any, read func(body []byte) error) error {
	c.Path = path
	x, err := wire.NewExchange(c)
	if err != nil {
		return err
	}
	body, err := encode(ask)
	if err != nil {
		return x.Fail(embedding.Invalid, err)
	}
	_, err = x.Post(ctx, body, nil, reader(func(a Answer) error { return read(a.Body) }))
	return err
}

// reader reads a whole body and has decode decode it.
func reader(decode func(Answer) error) wire.Reader {
	return func(a *wire.Answer) (rest []byte, bare bool, err error) {
		var b bytes.Buffer
		if a.ContentLength > 0 {
			b.Grow(int(min(a.ContentLength, a.Bytes())) + bytes.MinRead)
		}
		if _, err := b.ReadFrom(a); err != nil {
			return nil, false, err
		}
		body := bytes.TrimPrefix(b.Bytes(), []byte("\ufeff")) // a byte order mark, which JSON has not
		err = decode(Answer{Body: body, Header: a.Header, Texts: a.Texts, Dims: a.Dimensions})
		switch {
		case err != nil && !json.Valid(body):
			return nil, false, notJSON(body, err)
		case err != nil || bytes.Contains(body, []byte(`"error"`)):
			rest = body
		}
		return rest, err != nil, err
	}
}

// notJSON says what a body is instead of JSON, or returns wrong if that says more.
func notJSON(body []byte, wrong error) error {
	var v json.RawMessage
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&v)
	if says := wire.NotJSON(body, err == io.EOF || err == io.ErrUnexpectedEOF); says != "" {
		return errors.New(says)
	}
	return wrong
}

// Unmarshal is json.Unmarshal for an answer. A member whose type is not the one in v is left out: a
// vector is worth more than a counter, and [Vectors] checks the vectors.
func Unmarshal(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil
	}
	return err
}

// encode is json.Marshal without the escapes for HTML, which servers would have to take off again.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
