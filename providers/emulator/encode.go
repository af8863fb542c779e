package emulator

import (
	"context"
	"net/http"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

// encoded returns the JSON of each text's vector in a space. Results are shared and never edited.
func (x *exchange) encoded(ctx context.Context, c *call, space string, digests []digest) ([][]byte, error) {
	out := make([][]byte, len(c.Texts))
	key := cacheKey{variant: variant{space, c.length, c.role}, full: c.full, base64: c.Base64}
	var missing []int
	for i, d := range digests {
		key.text = d
		if out[i] = x.cache.get(key); out[i] == nil {
			missing = append(missing, i)
		}
	}
	if missing == nil {
		return out, nil
	}
	texts := make([]string, len(missing))
	for k, i := range missing {
		if texts[k] = c.Texts[i]; strings.TrimSpace(texts[k]) == "" {
			texts[k] = "(blank)" // some vendors accept blank texts
		}
	}
	res, err := x.base.Embed(ctx, embedding.Request{Texts: texts})
	if err != nil {
		return nil, err
	}
	bits := 32
	if x.vendor.Doubles {
		bits = 64
	}
	for k, i := range missing {
		v := x.space.vector(space, x.space.lean(c.role, res.Vectors[k]), max(c.length, c.full))[:c.length]
		if key.base64 {
			out[i] = dialect.AppendBase64(nil, v)
		} else {
			out[i] = dialect.AppendNumbers(make([]byte, 0, bits/3*len(v)+2), v, bits)
		}
		key.text = digests[i]
		x.cache.put(key, out[i])
	}
	return out, nil
}

// deliver sends the answer and reports whether the caller received it as intended.
func (x *exchange) deliver(c *call, rows []dialect.Row, tokens int, spoil *fault, buf *buffer) bool {
	body := x.dialect.Answer(buf.out[:0], x.req, &c.Call, dialect.Answer{Model: c.model.ID, Rows: rows, Tokens: tokens})
	buf.out = body
	name := ""
	if spoil != nil {
		name = spoil.Fault.Name
	}
	switch name {
	case "truncated":
		body = body[:len(body)/2]
	case "cut-off":
		x.head(http.StatusOK, jsonType, len(body))
		_, _ = x.w.Write(body[:len(body)/2])
		_ = http.NewResponseController(x.w).Flush()
		x.abort = true
		return false
	}
	return x.send(http.StatusOK, jsonType, body)
}
