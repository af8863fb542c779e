package openaicompat

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/openaicompat/scan"
	"github.com/vecspace/embedding/providers/internal/wire"
)

// accepted reads an answer of status 200: its vectors go into the call, the rest goes back to go-openai.
func (c *call) accepted(res *http.Response) (*http.Response, error) {
	if enc := res.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		why := wire.Words("the answer is compressed ("+enc+"), which was not asked for", c.key, c.texts)
		return nil, c.broken(res, embedding.Malformed, wire.Cause{Words: why})
	}
	bound := wire.Bound{Texts: len(c.texts), Dimensions: c.client.model.Dimensions}
	body := &bounded{r: res.Body, bound: bound, left: bound.Bytes()}
	answer, err := scan.Read(body, bound.Texts, bound.Dimensions)
	if body.err != nil && body.err != io.EOF && !errors.Is(body.err, wire.ErrTooLong) {
		return nil, c.broken(res, embedding.Unavailable, wire.BrokeOff(body.err, c.key, c.texts))
	}
	if c.id = wire.RequestID(res.Header); c.id == "" || err != nil || mayCarryError(answer) {
		f := wire.ReadFailure(res.StatusCode, res.Header, answer.Rest)
		if answer.Rest != nil && carriesError(f, answer) {
			c.failure = c.refuse(f)
			return nil, c.failure
		}
		if c.id == "" {
			c.id = f.ID
		}
	}
	if asked := c.client.asked; asked > 0 && errors.Is(err, scan.ErrLength) {
		return nil, c.broken(res, embedding.Invalid, fmt.Errorf("the server ignores that %d dimensions are asked for (%w): ask for none and take the model's own, "+
			"or cut those with middleware.Truncate if the model was trained for it", asked, err))
	}
	if err != nil {
		said := err.Error()
		if syntax, ok := errors.AsType[*scan.SyntaxError](err); ok {
			said = cmp.Or(wire.NotJSON(body.head(), syntax.Early), said)
		}
		return nil, c.broken(res, embedding.Malformed, wire.Cause{Words: wire.Words(said, c.key, c.texts)})
	}
	c.vectors = answer.Vectors
	res.Body = io.NopCloser(bytes.NewReader(answer.Rest))
	return res, nil
}

// mayCarryError spares the usual answer a second reading: one with items, and with no "error" beside them in any spelling.
func mayCarryError(answer scan.Answer) bool {
	name := []byte(`"error"`)
	for i, c := range answer.Rest {
		if c == '\\' || c == '"' && len(answer.Rest)-i >= len(name) && bytes.EqualFold(answer.Rest[i:i+len(name)], name) {
			return true
		}
	}
	return answer.Items == 0
}

// carriesError tells an error under status 200 from an answer. An "error" member that says something is one, whatever
// stands beside it. A bare code or message is one only where no items came: some servers send "code": 0 beside them.
func carriesError(f Failure, answer scan.Answer) bool {
	return f.Named || answer.Items == 0 && (f.Code != "" || f.Message != "")
}
