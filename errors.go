package embedding

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Kind classifies an error by what can be done about it. A Kind exists only if some layer acts on
// it. Kinds are errors, so that errors.Is(err, embedding.RateLimited) works.
type Kind uint8

// The kinds of errors, and the layers of package middleware that act on them.
const (
	Unknown     Kind = iota // not classified; treated as permanent
	Invalid                 // the call is wrong (model, dimensions, options); Batch asks if others pass
	Rejected                // a text is wrong (blank, too long, filtered); Batch isolates it
	TooLarge                // too much for one request; Batch halves it
	Auth                    // the key is missing, wrong, of another region or lacks a permission
	RateLimited             // too fast; Fallback moves on, Limit slows down, Retry waits
	Exhausted               // the quota or the credit is used up; Fallback moves on
	Unavailable             // the service is down or unreachable; Fallback, Breaker and Retry act
	Malformed               // the answer breaks the protocol or a law of Embedder; Fallback, Batch act
	Partial                 // some texts failed; the *PartialError has an error for each of them
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

// KindOf returns the kind of err: [Partial] for a [*PartialError], otherwise the Kind of the first
// [*Error] or Kind in its chain, otherwise [Unknown]. Context errors have no Kind.
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

// KindOfStatus returns the kind of an HTTP status, for answers that say no more. A status below
// 400 is [Malformed]: an embedding API answers 200, and redirects are not followed. What another
// moment, connection or server behind the same address can change is [Unavailable]: a conflict
// (409), a misdirected request (421), a lock (423), a failed dependency (424), and the codes of
// proxies for a connection that ended early (444, 449, 460, 499).
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
	case status == 429 || status == 420: // which was Twitter's word for it
		return RateLimited
	case status >= 400:
		return Invalid
	}
	return Malformed
}

// Error is the failure of a request. It never contains a key, a header or a text.
type Error struct {
	Kind       Kind
	Provider   string
	Model      string
	Endpoint   string        // host
	Code       string        // the provider's own code
	RequestID  string        // the provider's id of the failed request
	Status     int           // HTTP status; 0 if there was no answer
	RetryAfter time.Duration // how long to wait before the next try; 0 means unknown
	Allowed    Limits        // what a TooLarge answer says is allowed
	Err        error         // the cause; may be nil
}

// Errorf returns an [*Error] of kind k with m's Provider, ID and Endpoint. fmt.Errorf makes its
// cause, so a %w in format wraps an error. Neither format nor args may contain a key or a text.
func (m Model) Errorf(k Kind, format string, args ...any) *Error {
	return &Error{
		Kind: k, Provider: m.Provider, Model: m.ID, Endpoint: m.Endpoint, Err: fmt.Errorf(format, args...),
	}
}

// Error returns one line: provider and model, the kind, the cause and the request id.
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

// DimensionsError is the cause of a [Malformed] error: a vector has the wrong length.
type DimensionsError struct {
	Index     int // the text's place in the request
	Got, Want int // dimensions
}

// Error says which text it is and both lengths.
func (e *DimensionsError) Error() string {
	return fmt.Sprintf("dimensions law: the vector of text %d has %d dimensions, want %d", e.Index, e.Got, e.Want)
}

// LengthError is the cause of a [Malformed] error: a vector of a [Model] that is Normalized is far
// from length 1, for example zero.
type LengthError struct {
	Index int     // the text's place in the request
	Got   float64 // the vector's length
}

// Error says which text it is and the length.
func (e *LengthError) Error() string {
	return fmt.Sprintf("unit law: the vector of text %d has the length %.3g, want 1", e.Index, e.Got)
}

// PartialError is returned when some texts of a request succeed and some fail, or when texts fail
// for different reasons. It keeps what was paid for: Response has the usage, a vector for every
// text that succeeded and nil for the others.
type PartialError struct {
	Response Response
	Failed   []TextError // by ascending index; never empty
}

// TextError is the failure of one text of a request.
type TextError struct {
	Index int // the text's place in the request
	Err   error
}

// Error returns the counts and the first failure.
func (e *PartialError) Error() string {
	if len(e.Failed) == 0 {
		return "embedding: partial failure without a failed text"
	}
	f := e.Failed[0]
	return fmt.Sprintf("embedding: %d of %d texts failed, first text %d: %v", len(e.Failed), len(e.Response.Vectors), f.Index, f.Err)
}

// Unwrap returns the errors of the texts, without repeats.
func (e *PartialError) Unwrap() []error {
	var out []error
	for _, f := range e.Failed {
		// Layers give all texts of a failed chunk one error value, so comparing with the last one is
		// enough, and linear.
		if f.Err != nil && (len(out) == 0 || !same(out[len(out)-1], f.Err)) {
			out = append(out, f.Err)
		}
	}
	return out
}

// Is reports whether target is the kind [Partial]. Unwrap leads to the kinds of the texts.
func (e *PartialError) Is(target error) bool { return target == error(Partial) }

// Salvage returns the Response of a [*PartialError] in err, or res if there is none, so that a
// caller keeps what was paid for.
func Salvage(res Response, err error) Response {
	if p, ok := errors.AsType[*PartialError](err); ok {
		return p.Response
	}
	return res
}

// same reports whether two errors are one value. Types that == cannot compare never are.
func same(a, b error) bool {
	return reflect.ValueOf(a).Comparable() && a == b
}

// foreign turns an error without an *Error into one. A timeout (for example of the user's HTTP
// client) becomes Unavailable and is no context error any more: only the caller's context ends
// the caller.
func foreign(m Model, err error) *Error {
	e := m.Errorf(Unknown, "%w", err)
	if k, ok := errors.AsType[Kind](err); ok {
		e.Kind = k
	}
	timeout, isTimeout := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	if isTimeout && timeout.Timeout() || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		e.Kind = Unavailable
		e.Err = opaque{err}
	}
	return e
}

// opaque keeps an error's words and hides its identity.
type opaque struct{ err error }

func (o opaque) Error() string {
	// The error of net/url quotes the whole URL, which may contain a secret.
	if u, ok := errors.AsType[*url.Error](o.err); ok {
		return u.Err.Error()
	}
	return o.err.Error()
}
