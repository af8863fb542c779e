package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vecspace/embedding"
)

// BreakerOptions tell when a circuit opens. The zero value is 5 failures in a row and 5 seconds.
type BreakerOptions struct {
	Failures int           // failures in a row that open it; below 1 is 5
	Cooldown time.Duration // how long it stays open before one request tries; doubles while that fails, up to 4 times this; 0 or less is 5 s
}

// CodeCircuitOpen is the Code of an error that Breaker makes without asking the provider.
const CodeCircuitOpen = "circuit_open"

// Breaker spares a provider that is down, and its callers the wait. Unavailable and RateLimited count as failures; a
// RetryAfter that the server sent opens the circuit at once for that long, up to a minute. While it is open every call is answered Unavailable, with
// RetryAfter the time that is left, so that Fallback moves on and Retry knows when to come back; after it, one
// call tries and the others are refused a little longer. Answers to calls from before an opening change nothing. The state is of
// each application of the Middleware.
func Breaker(o BreakerOptions) embedding.Middleware {
	if o.Failures < 1 {
		o.Failures = 5
	}
	if o.Cooldown <= 0 {
		o.Cooldown = 5 * time.Second
	}
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next) // guarded, and a nil one panics with a clear message
		m := next.Model()
		b := &breaker{o: o, cooldown: o.Cooldown}
		return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			if req.Len() == 0 {
				return next.Embed(ctx, req)
			}
			era, left, last := b.enter(time.Now())
			if left > 0 {
				return embedding.Response{}, &embedding.Error{
					Kind: embedding.Unavailable, Provider: m.Provider, Model: m.ID, Endpoint: m.Endpoint, Code: CodeCircuitOpen,
					RetryAfter: left, Err: fmt.Errorf("the circuit is open and is tried again by itself; the last failure: %s", last),
				}
			}
			finished := false
			defer func() {
				if !finished { // next panicked: the trial must not be held for ever
					b.leave(time.Now(), era, unknown, 0, "")
				}
			}()
			res, err := next.Embed(ctx, req)
			finished = true
			o, after, why := judge(ctx, err)
			b.leave(time.Now(), era, o, after, why)
			return res, err
		})
	}
}

type outcome uint8

const (
	success outcome = iota
	failure
	unknown // neither: the caller left, or the request itself was wrong and the provider answered so
)

// judge tells what err says about the provider's health, how long the provider asked to be left alone, and its words.
func judge(ctx context.Context, err error) (o outcome, after time.Duration, why string) {
	if err == nil {
		return success, 0, ""
	}
	if ctx.Err() != nil {
		return unknown, 0, ""
	}
	for e := range causes(err) {
		if e.Kind == embedding.Unavailable || e.Kind == embedding.RateLimited {
			o, why = failure, e.Kind.Error()
			if e.Err != nil {
				why += ", " + e.Err.Error()
			}
			after = max(after, e.RetryAfter)
		}
	}
	switch {
	case o == failure:
	case embedding.KindOf(err) == embedding.Unknown:
		o = unknown
	}
	return o, after, why // success: it answered
}

// causes yields every *embedding.Error that err holds: itself, or those of a PartialError's texts, each once.
func causes(err error) func(yield func(*embedding.Error) bool) {
	return func(yield func(*embedding.Error) bool) {
		if p, ok := errors.AsType[*embedding.PartialError](err); ok {
			for _, err := range p.Unwrap() {
				if e, ok := errors.AsType[*embedding.Error](err); ok && !yield(e) {
					return
				}
			}
			return
		}
		if e, ok := errors.AsType[*embedding.Error](err); ok {
			yield(e)
		}
	}
}

// longestOpen is the longest time without a trial, as long as Retry's default MaxWait. A server that
// asks for more is asked again by one call: it may have spoken of another limit, or in another unit.
const longestOpen = time.Minute

type breaker struct {
	o        BreakerOptions
	mu       sync.Mutex
	era      uint64 // counts openings; an answer of an earlier era is stale
	failed   int    // in a row
	open     bool
	until    time.Time
	last     string        // what the failure said that opened it
	trial    bool          // one call is out to try
	cooldown time.Duration // of the next opening
}

// enter returns the era of a call that may go, or how long it may not and why.
func (b *breaker) enter(now time.Time) (era uint64, left time.Duration, last string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.open:
	case now.Before(b.until):
		return 0, b.until.Sub(now), b.last
	case b.trial:
		return 0, max(b.o.Cooldown/10, time.Millisecond), b.last // the trial will tell soon
	default:
		b.trial = true
	}
	return b.era, 0, ""
}

func (b *breaker) leave(now time.Time, era uint64, o outcome, after time.Duration, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if era != b.era {
		return
	}
	switch o {
	case unknown:
		b.trial = false
	case success:
		b.failed, b.open, b.trial = 0, false, false
		b.cooldown = b.o.Cooldown
	case failure:
		b.failed++
		if !b.open && after == 0 && b.failed < b.o.Failures {
			return
		}
		b.era++
		b.open, b.trial = true, false
		b.last = why
		b.until = now.Add(min(cmp.Or(after, b.cooldown), longestOpen))
		b.cooldown = min(2*b.cooldown, 4*b.o.Cooldown)
	}
}
