package emulator

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
)

// encoded returns the JSON of each text's vector in a space. The results are shared: nobody edits them.
func (x *exchange) encoded(ctx context.Context, c *Call, space string, digests []digest) ([][]byte, error) {
	out := make([][]byte, len(c.Texts))
	key := cacheKey{variant: variant{space, c.Dimensions, c.Role}, full: c.Full, base64: c.Base64}
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
			texts[k] = "(blank)" // some vendors take one
		}
	}
	res, err := x.base.Embed(ctx, embedding.Request{Texts: texts})
	if err != nil {
		return nil, err
	}
	for k, i := range missing {
		v := x.space.vector(space, x.space.lean(c.Role, res.Vectors[k]), max(c.Dimensions, c.Full))[:c.Dimensions]
		if key.base64 {
			out[i] = quoted(bytesOf(v))
		} else {
			out[i] = numbers(v, x.profile.Doubles)
		}
		key.text = digests[i]
		x.cache.put(key, out[i])
	}
	return out, nil
}

// numbers writes a vector: every float32 with the digits that it needs, or as the double it is, so with 16 or 17.
func numbers(v []float32, doubles bool) []byte {
	bits := 32
	if doubles {
		bits = 64
	}
	out := make([]byte, 0, bits/3*len(v)+2)
	out = append(out, '[')
	for i, f := range v {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendFloat(out, float64(f), 'g', -1, bits)
	}
	return append(out, ']')
}

func bytesOf(v []float32) []byte {
	out := make([]byte, 0, 4*len(v))
	for _, f := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(f))
	}
	return out
}

func quoted(raw []byte) []byte {
	return append(base64.StdEncoding.AppendEncode([]byte{'"'}, raw), '"')
}

// deliver sends the answer and reports whether the caller got it as it was meant.
func (x *exchange) deliver(c *Call, items []Item, tokens int, spoil *fault, buf *buffer) bool {
	body := x.vendor.Answer(buf.out[:0], x.req, c, items, tokens)
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
