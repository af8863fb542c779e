package jsonhttp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// call is one request and its answer.
type call struct {
	client *Client
	ctx    context.Context
	key    string   // what this request carries and no error may repeat
	texts  []string // that no error may repeat
	header http.Header
}

// do sends one request and hands the answer to read.
func (c *call) do(method, path string, body []byte, most wire.Bound, read func(Answer) error) *embedding.Error {
	// JoinPath would clean the path; base and path are both ours, so they are put together as they are.
	at := *c.client.base
	plain, err := url.PathUnescape(path)
	if err != nil {
		return c.client.fail(embedding.Invalid, errors.New("the path cannot be sent"))
	}
	at.Path, at.RawPath = at.Path+plain, at.EscapedPath()+path
	req, err := http.NewRequestWithContext(c.ctx, method, at.String(), bytes.NewReader(body))
	if err != nil {
		return c.client.fail(embedding.Invalid, wire.TransportCause(err, c.key, c.texts))
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	switch sign, name := c.client.config.Sign, c.client.config.KeyHeader; {
	case sign != nil:
		if c.key, err = sign(req, body); err != nil {
			return c.client.fail(wire.NoCredentials("credentials", err))
		}
	case c.key == "":
	case name == "":
		req.Header.Set("Authorization", "Bearer "+c.key)
	default:
		req.Header.Set(name, c.key)
	}
	res, err := c.client.http.Do(req)
	if err != nil {
		return c.client.fail(embedding.Unavailable, c.unreachable(err))
	}
	defer res.Body.Close()
	c.header = res.Header
	if res.StatusCode != http.StatusOK {
		return c.refused(res)
	}
	return c.accepted(res, most, read)
}

// unreachable is for a request that got no answer.
func (c *call) unreachable(err error) error {
	why := wire.TransportCause(err, c.key, c.texts).(wire.Cause)
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" && c.client.config.Unreachable != "" {
		why.Words += "; " + c.client.config.Unreachable
	}
	return why
}

// accepted reads an answer of status 200.
func (c *call) accepted(res *http.Response, most wire.Bound, read func(Answer) error) *embedding.Error {
	if enc := res.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return c.broken(res, embedding.Malformed, wire.Cause{Words: c.words("the answer is compressed (" + enc + "), which was not asked for")})
	}
	body, err := readBounded(res.Body, most, res.ContentLength)
	switch {
	case errors.Is(err, wire.ErrTooLong):
		return c.broken(res, embedding.Malformed, err)
	case err != nil:
		return c.broken(res, embedding.Unavailable, wire.BrokeOff(err, c.key, c.texts))
	}
	wrong := read(Answer{Body: body, Header: res.Header, Texts: len(c.texts), Dims: c.client.config.Model.Dimensions})
	if wrong != nil && !json.Valid(body) {
		return c.broken(res, embedding.Malformed, wire.Cause{Words: c.words(cmp.Or(notJSON(body), wrong.Error()))})
	}
	// An "error" that says something is one, whatever stands beside it; other members are only where nothing else came.
	if wrong != nil || bytes.Contains(body, []byte(`"error"`)) {
		f := wire.ReadFailure(res.StatusCode, res.Header, body)
		if f.Named || wrong != nil && (f.Code != "" || isObject(body) && f.Message != "") {
			return c.refuse(f)
		}
	}
	if wrong != nil {
		kind := embedding.Malformed
		if errors.Is(wrong, embedding.Invalid) {
			kind = embedding.Invalid
		}
		return c.broken(res, kind, wire.Cause{Words: c.words(wrong.Error())})
	}
	return nil
}

// notJSON says what a body is instead of JSON, "" if its reader says more.
func notJSON(body []byte) string {
	var v json.RawMessage
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&v)
	return wire.NotJSON(body, err == io.EOF || err == io.ErrUnexpectedEOF)
}

func isObject(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) }

// refused is for an answer of another status than 200.
func (c *call) refused(res *http.Response) *embedding.Error {
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return c.broken(res, embedding.KindOfStatus(res.StatusCode), wire.Redirected(res, c.key, c.texts))
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, wire.MostErrorBytes))
	if err != nil && c.ctx.Err() != nil { // the caller left while the answer came in
		return c.client.fail(embedding.Unavailable, wire.TransportCause(err, c.key, c.texts))
	}
	// A body that broke off is read as far as it came: the status says most.
	return c.refuse(wire.ReadFailure(res.StatusCode, res.Header, body))
}

// refuse makes an error of an answer without vectors.
func (c *call) refuse(f Failure) *embedding.Error {
	var v Verdict
	if classify := c.client.config.Classify; classify != nil {
		v = classify(f)
	}
	return c.client.named(f.Refusal(v, c.key, c.texts))
}

// broken is for an answer that cannot be used.
func (c *call) broken(res *http.Response, kind embedding.Kind, why error) *embedding.Error {
	e := c.client.fail(kind, why)
	e.Status, e.RequestID = res.StatusCode, wire.Token(wire.RequestID(res.Header), c.key, c.texts, wire.MaxID)
	return e
}

// end is the error of a call: the caller's context error if the caller's time was up before a server had said anything
// that counts, else the failure.
func (c *call) end(failure *embedding.Error) error {
	if failure == nil {
		return nil
	}
	if end := c.ctx.Err(); end != nil && (failure.Status == 0 || failure.Status == http.StatusOK) {
		return end
	}
	return failure
}

func (c *call) words(s string) string { return wire.Words(s, c.key, c.texts) }

// readBounded reads a body to its end, as long as it is within a bound. length is what the server announced, -1 if nothing.
func readBounded(r io.Reader, bound wire.Bound, length int64) ([]byte, error) {
	var b bytes.Buffer
	most := bound.Bytes()
	if length > 0 {
		b.Grow(int(min(length, most)) + bytes.MinRead)
	}
	n, err := b.ReadFrom(io.LimitReader(r, most+1))
	if err == nil && n > most {
		err = bound.TooLong()
	}
	return b.Bytes(), err
}
