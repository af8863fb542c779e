package server

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dialect"
)

// buffer is memory for the body and the answer of a request.
type buffer struct {
	in  bytes.Buffer
	out []byte
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// release returns the buffer to the pool, unless it is larger than most requests need.
func (b *buffer) release() {
	const keep = 1 << 20
	if b.in.Cap() <= keep && cap(b.out) <= keep {
		buffers.Put(b)
	}
}

// errBusy ends the reading of a body for which there is no memory now.
var errBusy = errors.New("the bodies at once are too large")

// counted counts the bytes of a body towards those of all bodies, as they arrive: a client that
// announces much and sends nothing holds nothing.
type counted struct {
	io.Reader
	x *exchange
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.x.held += int64(n)
	if c.x.s.held.Add(int64(n)) > c.x.s.limits.Bytes {
		return n, errBusy
	}
	return n, err
}

// body reads the body. The result is valid until the exchange is done.
func (x *exchange) body() ([]byte, *dialect.Refusal) {
	most := x.s.limits.Body
	large := func() *dialect.Refusal {
		return x.say(x.of(embedding.TooLarge), "the body has more than %d bytes: send fewer texts in a request", most)
	}
	if x.req.ContentLength > most {
		x.hangUp()
		return nil, large()
	}
	var in io.Reader = x.req.Body
	switch coding := strings.ToLower(x.req.Header.Get("Content-Encoding")); coding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(counted{in, x})
		if err != nil {
			return nil, x.unread(err)
		}
		in = z
	default:
		return nil, x.status(415, x.invalid("the Content-Encoding is not gzip or identity"))
	}
	control := http.NewResponseController(x.w)
	_ = control.SetReadDeadline(time.Now().Add(x.s.limits.BodyTime)) // not every connection has one
	if n := x.req.ContentLength; n > 0 && n <= 64<<10 {
		x.buf.in.Grow(int(n) + bytes.MinRead)
	}
	n, err := x.buf.in.ReadFrom(io.LimitReader(counted{in, x}, most+1))
	switch {
	case err != nil:
		return nil, x.unread(err)
	case n > most:
		x.hangUp()
		return nil, large()
	}
	_ = control.SetReadDeadline(time.Time{}) // or the wait for the end of the connection would end it
	return x.buf.in.Bytes(), nil
}

// lingering is how long a connection with an unread body stays open after the answer, so that the
// client reads the answer before the end.
const lingering = 500 * time.Millisecond

// passing is the length of an unread body that the connection is worth. net/http throws it away
// before the answer and keeps the connection, or ends it if the body is late.
const passing = 64 << 10

// leave leaves the body unread. A new connection, with a handshake if it is TLS, would cost more
// than to throw a small body away.
func (x *exchange) leave() {
	if n := x.req.ContentLength; n < 0 || n > passing {
		x.hangUp()
		return
	}
	_ = http.NewResponseController(x.w).SetReadDeadline(time.Now().Add(lingering)) // not every connection has one
}

// hangUp makes the answer go out at once and end the connection, whatever is left of the body.
func (x *exchange) hangUp() {
	x.req.Out.Set("Connection", "close")
	control := http.NewResponseController(x.w)
	_ = control.EnableFullDuplex() // not every connection has it, or a deadline
	_ = control.SetReadDeadline(time.Now().Add(lingering))
}

// unread says why a body could not be read.
func (x *exchange) unread(err error) *dialect.Refusal {
	x.hangUp()
	switch {
	case errors.Is(err, errBusy):
		return x.busy()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return x.status(http.StatusRequestTimeout, x.invalid("the body did not arrive within %v", x.s.limits.BodyTime))
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), x.req.Header.Get("Content-Encoding") != "" && x.req.Context().Err() == nil:
		return x.invalid("the body is not gzip, as its Content-Encoding says, or is damaged")
	}
	x.gone = true
	return x.invalid("the body ended early")
}

// mostValues is how many values the JSON of a body may have. A value of a few bytes takes up to two
// hundred once it is decoded. OpenAI takes 300,000 token ids.
const mostValues = 400_000

// crowded reports whether a body has more values than the server decodes.
func crowded(body []byte) bool {
	if len(body) <= mostValues {
		return false
	}
	commas := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case ',':
			commas++
		case '"': // to its end
			for i++; i < len(body) && body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
		}
	}
	return commas >= mostValues
}
