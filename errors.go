package embedding

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Kind classifies an error by what can be done about it. One exists only where some layer acts on it. A Kind is an
// error, so that errors.Is(err, embedding.RateLimited) works.
type Kind uint8

const (
	Unknown     Kind = iota // nothing is known: treated as permanent
	Invalid                 // the call is wrong (model, dimensions, options): nobody asks again
	Rejected                // a text is wrong (blank, too long, refused by content inspection): Batch isolates it
	TooLarge                // too much for one request: Batch halves it
	Auth                    // the key is missing, wrong, of another region or without access
	RateLimited             // too fast: Fallback moves on, Breaker holds, Retry waits
	Exhausted               // quota or money is gone: Fallback moves on
	Unavailable             // the service or the way to it is down: Fallback, Breaker and Retry act
	Malformed               // the answer breaks the protocol or a law of Embedder: Fallback moves on
	Partial                 // some texts failed; each has its own error in the *PartialError
)

var kindNames = [...]string{"unknown error", "invalid request", "text rejected", "request too large", "not authorized",
	"rate limited", "quota exhausted", "service unavailable", "malformed answer", "partial failure"}

// Error returns the kind in words.
func (k Kind) Error() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[Unknown]
}

// KindOf returns what kind of error err is: Partial for a *PartialError, else the Kind of the first *Error or Kind in
// its chain, else Unknown. The context's errors have no Kind.
func KindOf(err error) Kind {
	if err == nil {
		return Unknown
	}
	if _, ok := errors.AsType[*PartialError](err); ok {
		return Partial
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if k, ok := errors.AsType[Kind](err); ok {
		return k
	}
	return Unknown
}

// KindOfStatus returns the kind that an HTTP status means where a provider's answer says no more.
// Statuses below 400 are Malformed: an embedding API answers 200, and a redirect is not followed.
// What another moment, another connection or another server behind the same address can change is
// Unavailable: a conflict (409), a misdirected request (421), a lock (423), a failed dependency
// (424), and the codes of proxies for a connection that ended early (444, 449, 460, 499).
func KindOfStatus(status int) Kind {
	switch {
	case status == 401 || status == 403 || status == 407 || status == 495 || status == 496 || status == 498:
		return Auth // the last three are nginx's for a client's certificate, and for a token
	case status == 402:
		return Exhausted
	case status == 413:
		return TooLarge
	case slices.Contains([]int{408, 409, 421, 423, 424, 425, 444, 449, 460, 499}, status),
		status >= 500 && status != 501 && status != 505:
		return Unavailable
	case status == 429:
		return RateLimited
	case status >= 400:
		return Invalid
	}
	return Malformed
}

// Error is what a provider's failure becomes. It never holds a key, a header or a text.
type Error struct {
	Kind       Kind
	Provider   string
	Model      string
	Endpoint   string // host
	Code       string // the provider's own code
	RequestID  string // the provider's id of the failed request
	Status     int    // HTTP status, 0 if there was no answer
	RetryAfter time.Duration
	Allowed    Limits // what a TooLarge answer says is allowed
	Err        error  // the cause
}

// Error returns one line: who, what kind, the provider's words, and its request id.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("embedding: ")
	if e.Provider != "" || e.Model != "" {
		b.WriteString(strings.Trim(e.Provider+":"+e.Model, ":"))
		if e.Endpoint != "" {
			b.WriteString(" at " + e.Endpoint)
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Kind.Error())
	switch {
	case e.Status != 0 && e.Code != "":
		fmt.Fprintf(&b, " (%d %s)", e.Status, e.Code)
	case e.Status != 0:
		fmt.Fprintf(&b, " (%d)", e.Status)
	case e.Code != "":
		fmt.Fprintf(&b, " (%s)", e.Code)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; retry after %v", e.RetryAfter.Round(time.Millisecond))
	}
	if e.RequestID != "" {
		b.WriteString(" [request " + e.RequestID + "]")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is this error's Kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// foreign turns an error that no provider of ours classified into an *Error of m. A timeout, the user's own client's
// among them, is Unavailable and loses its identity as a context error: only the caller's context may end the caller.
func foreign(m Model, err error) *Error {
	e := &Error{Kind: Unknown, Provider: m.Provider, Model: m.ID, Endpoint: m.Endpoint, Err: err}
	if k, ok := errors.AsType[Kind](err); ok {
		e.Kind = k
	}
	timeout, isTimeout := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	if isTimeout && timeout.Timeout() || isContextError(err) {
		e.Kind = Unavailable
		e.Err = opaque{err}
	}
	return e
}

// opaque keeps an error's words and hides its identity.
type opaque struct{ err error }

func (o opaque) Error() string {
	// net/url's error quotes the whole URL, in which a user may have put a secret.
	if u, ok := errors.AsType[*url.Error](o.err); ok {
		return u.Err.Error()
	}
	return o.err.Error()
}
