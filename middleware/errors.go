package middleware

import (
	"errors"
	"time"

	"github.com/vecspace/embedding"
)

// The Code of an [embedding.Error] that a layer makes itself instead of the provider.
const (
	CodeOpen    = "local_open"    // [Breaker]: the circuit is open
	CodeLimit   = "local_limit"   // [Limit]: the wait would end after the context's deadline
	CodeBudget  = "local_budget"  // [Budget]: the request would cost more than is left
	CodeQuota   = "local_quota"   // [Limit]: the shared [Quota] does not answer
	CodeTimeout = "local_timeout" // [Timeout]: the attempt took too long
)

// local returns an error that a layer makes itself. It is not inlined: inside a layer, the copy
// of the Model would make the stack of each request larger.
//
//go:noinline
func local(m *embedding.Model, k embedding.Kind, code, format string, args ...any) *embedding.Error {
	e := m.Errorf(k, format, args...)
	e.Code = code
	return e
}

// causes yields every *embedding.Error in err: itself, or those of a PartialError's texts, each
// once.
func causes(err error) func(yield func(*embedding.Error) bool) {
	return func(yield func(*embedding.Error) bool) {
		errs := []error{err}
		if p, ok := errors.AsType[*embedding.PartialError](err); ok {
			errs = p.Unwrap()
		}
		for _, err := range errs {
			if e, ok := errors.AsType[*embedding.Error](err); ok && !yield(e) {
				return
			}
		}
	}
}

// retryable reports whether a later try may succeed, and how long the server asks to wait; 0 if it
// does not say.
func retryable(err error) (bool, time.Duration) {
	kind := embedding.KindOf(err)
	after := time.Duration(0)
	if e, ok := errors.AsType[*embedding.Error](err); ok {
		after = e.RetryAfter
	}
	return kind == embedding.RateLimited || kind == embedding.Unavailable, after
}

// tooLong is Limit's error for a wait that would end after the deadline of the caller's context.
func tooLong(m embedding.Model, wait time.Duration) error {
	e := local(&m, embedding.RateLimited, CodeLimit,
		"middleware.Limit: the wait for quota ends after the context's deadline: allow more time or raise the limit")
	e.RetryAfter = wait
	return e
}
