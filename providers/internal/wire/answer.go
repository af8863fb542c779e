package wire

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"

	"github.com/vecspace/embedding"
)

// Answer is a server's answer with a status of success. Reading it past its [Bound] fails with
// [ErrTooLong], where io.LimitReader would make a long body a short one.
type Answer struct {
	*http.Response
	Bound // of the request's texts and the model's dimensions

	call  *call
	left  int64
	err   error // the first, io.EOF among them
	began [64]byte
	head  int // bytes of began
}

// Read reads the body.
func (a *Answer) Read(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	n, err := a.Body.Read(p[:min(int64(len(p)), a.left+1)])
	a.head += copy(a.began[a.head:], p[:n])
	if a.left -= int64(n); a.left < 0 {
		n, err = 0, a.TooLong()
	}
	a.err = err
	return n, err
}

// NotJSON says what the body is instead of JSON; see [NotJSON].
func (a *Answer) NotJSON(early bool) string { return NotJSON(a.began[:a.head], early) }

// ID returns the request's id: the header's, else the one that the body has. Like an error's it
// repeats neither the key nor a text.
func (a *Answer) ID(body string) string {
	return cleanID(cmp.Or(RequestID(a.Header), body), a.call.secret, a.call.texts)
}

// Wrong makes err, which says what is wrong with the answer, an error of the model.
func (a *Answer) Wrong(err error) *embedding.Error {
	kind := embedding.Malformed
	if errors.Is(err, embedding.Invalid) {
		kind = embedding.Invalid
	}
	return a.call.broken(a.Response, kind, Cause{Words: Words(err.Error(), a.call.secret, a.call.texts)})
}

// Unfit is the error of an answer that shows the request to be Invalid: every request like it would
// get such an answer.
func Unfit(format string, args ...any) error { return unfit{fmt.Errorf(format, args...)} }

type unfit struct{ error }

func (unfit) Is(target error) bool { return target == embedding.Invalid }

// Usage is the usage of one request. A server that names no tokens, or a number that no request can
// have, leaves it unmetered.
func Usage(tokens int) embedding.Usage {
	if tokens <= 0 || tokens > math.MaxInt32 {
		return embedding.Usage{Requests: 1, Unmetered: 1}
	}
	return embedding.Usage{Requests: 1, Tokens: tokens}
}
