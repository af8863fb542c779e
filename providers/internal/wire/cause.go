package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"syscall"
)

// Cause is an error in words without keys and texts. It keeps the identity of an error inside it
// where that helps: errors.Is finds a refused connection. It never keeps a context's error, since
// only the caller's own context may end the caller.
type Cause struct {
	Words string
	Err   error
}

func (c Cause) Error() string { return c.Words }
func (c Cause) Unwrap() error { return c.Err }

// blame is the cause of a refusal that names the texts which are to blame.
type blame struct {
	Cause
	bad []int
}

// Blames returns the indexes of those texts in the request. middleware.Batch asks for it.
func (b *blame) Blames() []int { return b.bad }

// TransportCause cleans the transport's error. net/http quotes the whole URL and may quote the
// server.
func TransportCause(err error, key string, texts []string) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return Cause{Words: Words(err.Error(), key, texts), Err: known(err)}
}

// known returns an error inside err that a program may want to recognize and that quotes nobody, or
// nil. It returns no timeouts, because they look like the end of a context.
func known(err error) error {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	if ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return nil
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return e
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	for _, e := range []error{io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, e) {
			return e
		}
	}
	return nil
}

// BrokeOff returns the error of an answer that did not come to its end.
func BrokeOff(err error, key string, texts []string) error {
	c := TransportCause(err, key, texts).(Cause)
	c.Words = "the answer broke off: " + c.Words
	return c
}
