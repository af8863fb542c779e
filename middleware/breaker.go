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

// Breaker spares a provider that is down, and its callers the wait. Unavailable counts as a
// failure, and RateLimited where nothing was served within a minute and nothing else is under way:
// an account that is busy is Limit's. A RetryAfter that the server sent with a failure opens the
// circuit at once for that long. What never reached the provider, or ended because its caller left,
// is neither failure nor success.
//
// While the circuit is open every call is answered Unavailable, with RetryAfter the time that is
// left, so that Fallback moves on and Retry knows when to come back; after it, one call tries and
// the others are refused a little longer. Answers to calls from before an opening change nothing.
// The state is of each application of the Middleware.
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
			o, after, why := judge(ctx, res, err)
			b.leave(time.Now(), era, o, after, why)
			return res, err
		})
	}
}

type outcome uint8

const (
	success outcome = iota
	failure
	limited // refused as too much, which counts only while nothing else is served
	unknown // the caller left, or the provider was never asked
)

// judge tells what an answer says about the provider's health, how long the provider asked to be
// left alone, and its words.
func judge(ctx context.Context, res embedding.Response, err error) (o outcome, after time.Duration, why string) {
	if err != nil && ctx.Err() != nil {
		return unknown, 0, ""
	}
	got := embedding.Salvage(res, err)
	o = unknown
	if got.Usage.Requests > 0 || len(got.Vectors) > 0 && got.Usage.Reused == 0 {
		o = success
	}
	for e := range causes(err) {
		switch {
		case local(e):
			continue
		case e.Kind == embedding.Unavailable:
			o = failure
		case e.Kind == embedding.RateLimited && o != failure:
			o = limited
		default:
			if o == unknown && e.Status != 0 && e.Kind != embedding.Unknown { // it answered
				o = success
			}
			continue
		}
		why = e.Kind.Error()
		if e.Err != nil {
			why += ", " + e.Err.Error()
		}
		after = max(after, e.RetryAfter)
	}
	return o, after, why
}

// local reports whether a layer of ours made e without asking a provider.
func local(e *embedding.Error) bool {
	switch e.Code {
	case CodeCircuitOpen, CodeLocalLimit, CodeLocalBudget, CodeQuota:
		return e.Status == 0
	}
	return false
}

// causes yields every *embedding.Error that err holds: itself, or those of a PartialError's texts,
// each once.
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

// busy is for how long after a success a refusal as too much is not the provider's failure.
const busy = time.Minute

type breaker struct {
	o        BreakerOptions
	mu       sync.Mutex
	era      uint64 // counts openings; an answer of an earlier era is stale
	failed   int    // in a row
	open     bool
	until    time.Time
	last     string        // what the failure said that opened it
	out      int           // calls under way
	served   time.Time     // the latest success; zero: none
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
	b.out++
	return b.era, 0, ""
}

func (b *breaker) leave(now time.Time, era uint64, o outcome, after time.Duration, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out--
	if o == success {
		b.served = now
	}
	if era != b.era {
		return
	}
	if o == limited {
		o = failure
		if b.out > 0 || !b.served.IsZero() && now.Sub(b.served) < busy {
			o = unknown
		}
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
		b.until = now.Add(cmp.Or(after, b.cooldown))
		b.cooldown = min(2*b.cooldown, 4*b.o.Cooldown)
	}
}
