package embedtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding"
)

// httpWant is how a call has to end.
type httpWant struct {
	kinds      []embedding.Kind // an error of one of these; empty means the right vectors
	orVectors  bool             // the right vectors are fine too
	ctxErr     error            // the error of the caller's context, instead of a kind
	status     int              // the Status of the error
	retryAfter time.Duration    // exact in virtual time
	slack      time.Duration    // how much less retryAfter may be in real time
	names      string           // words in the error
	after      time.Duration    // when the call ends, in virtual time
}

// check compares the result of the call, and what the server saw, with what the fault wants.
func (x *httpExchange) check(rep httpReporter, res embedding.Response, err error) {
	rep.Helper()
	x.checkRequests(rep, err)
	if err == nil {
		x.checkVectors(rep, res)
		return
	}
	if res.Vectors != nil {
		rep.Errorf("vectors came beside the error: return what succeeded in a *PartialError")
	}
	x.checkSecrets(rep, err)
	want := x.fault.want
	if want.ctxErr != nil {
		if !errors.Is(err, want.ctxErr) {
			rep.Errorf("got the error %v, want the caller's own: %v", err, want.ctxErr)
		}
		return
	}
	if len(want.kinds) == 0 {
		rep.Errorf("got the error %v, want the right vectors", err)
		return
	}
	if kind := embedding.KindOf(err); !slices.Contains(want.kinds, kind) {
		rep.Errorf("got %q, want %s, for the error: %v", kind.Error(), httpKindNames(want.kinds), err)
		return
	}
	// The caller's context has not ended. If the error said so, the layers above would give up.
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		rep.Errorf("the error is a context error (errors.Is), but the caller's context has not ended: %v", err)
	}
	e, _ := errors.AsType[*embedding.Error](err)
	if e == nil {
		rep.Errorf("the error is not an *embedding.Error: %v", err)
		return
	}
	switch {
	case want.status == 0:
	case x.wire.Relayed && e.Status < 400:
		rep.Errorf("the error's Status is %d, want that of the server between", e.Status)
	case !x.wire.Relayed && e.Status != want.status:
		rep.Errorf("the error's Status is %d, want %d", e.Status, want.status)
	}
	if least := want.retryAfter - x.slackOf(want); e.RetryAfter < least || e.RetryAfter > want.retryAfter {
		rep.Errorf("the error's RetryAfter is %v, want %v", e.RetryAfter, want.retryAfter)
	}
	if !strings.Contains(err.Error(), want.names) {
		rep.Errorf("the error does not name %q: %v", want.names, err)
	}
}

func (x *httpExchange) slackOf(want httpWant) time.Duration {
	if x.virtual {
		return 0
	}
	return want.slack
}

func (x *httpExchange) checkRequests(rep httpReporter, err error) {
	rep.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, p := range x.problems {
		rep.Errorf("%s", p)
	}
	switch {
	case x.strayed && x.keyAlong:
		rep.Errorf("the redirect was followed, and the key went with it")
	case x.strayed:
		rep.Errorf("the redirect was followed: the texts went to an address that nobody configured")
	case x.requests == 0:
		rep.Errorf("no request reached the base URL through the client that open received (error: %v)", err)
	case x.requests > 1:
		rep.Errorf("got %d requests, want 1: a provider does not retry, middleware.Retry does", x.requests)
	}
	// A pipe has no buffer, so the provider has read what was written, except for the buffers on both
	// sides. Loopback has buffers of megabytes.
	if most := x.bound + 1<<20; x.virtual && x.wrote > most {
		rep.Errorf("%d bytes of the answer were read, want at most about %d: limit how much of a body is read", x.wrote, x.bound)
	}
}

// checkVectors checks the vectors of a call without an error.
func (x *httpExchange) checkVectors(rep httpReporter, res embedding.Response) {
	rep.Helper()
	want := x.fault.want
	if (len(want.kinds) > 0 || want.ctxErr != nil) && !want.orVectors {
		what := httpKindNames(want.kinds)
		if want.ctxErr != nil {
			what = want.ctxErr.Error()
		}
		rep.Errorf("got %d vectors and no error, want %s", len(res.Vectors), what)
		return
	}
	for i, v := range x.vectors {
		// Not bit for bit, because a provider may normalize.
		if cos := embedding.Cosine(v, res.Vectors[i]); !(cos >= 1-1e-5) {
			rep.Errorf("the vector of text %d is not the server's (cosine %v)", i, cos)
		}
	}
	if u := res.Usage; u.Requests != 1 || u.Tokens != x.tokens() && u.Unmetered != 1 || u.Reused != 0 {
		rep.Errorf("the usage is %+v, want 1 request and %d tokens, or 1 unmetered", u, x.tokens())
	}
}

// checkSecrets looks for the key and the texts in err and in every error inside it.
func (x *httpExchange) checkSecrets(rep httpReporter, err error) {
	rep.Helper()
	for e := range httpErrorTree(err) {
		for _, said := range []string{e.Error(), fmt.Sprintf("%+v", e)} {
			if strings.Contains(said, TestKey) {
				rep.Errorf("the key is in an error (%T): remove it from the server's words too", e)
				return
			}
			for i, text := range x.texts {
				if run := sharedRun(said, text, 16); run != "" {
					rep.Errorf("%q of text %d is in an error (%T): remove texts, whole or cut, from the server's words", run, i, e)
					return
				}
			}
		}
	}
}

// sharedRun returns the first n bytes of text in a row that said contains, or "".
func sharedRun(said, text string, n int) string {
	for i := 0; i+n <= len(text); i++ {
		if strings.Contains(said, text[i:i+n]) {
			return text[i : i+n]
		}
	}
	return ""
}

// httpErrorTree yields err and all errors that it wraps.
func httpErrorTree(err error) iter.Seq[error] {
	return func(yield func(error) bool) {
		var walk func(error) bool
		walk = func(e error) bool {
			if e == nil {
				return true
			}
			if !yield(e) {
				return false
			}
			switch u := e.(type) {
			case interface{ Unwrap() error }:
				return walk(u.Unwrap())
			case interface{ Unwrap() []error }:
				for _, part := range u.Unwrap() {
					if !walk(part) {
						return false
					}
				}
			}
			return true
		}
		walk(err)
	}
}

func httpKindNames(kinds []embedding.Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = fmt.Sprintf("%q", k.Error())
	}
	return strings.Join(names, " or ")
}
