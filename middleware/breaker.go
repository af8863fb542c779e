package middleware

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/vecspace/embedding"
)

// BreakerOptions are options of [Breaker]. The zero value opens after 5 failures in a row, for 5
// seconds.
type BreakerOptions struct {
	Failures int // failures in a row that open the circuit; 0 or less means 5
	// Cooldown is how long the circuit stays open before one call tries the provider. After a trial
	// that failed it stays open for twice as long. 0 or less means 5 s.
	Cooldown time.Duration
}

// Breaker stops calling a provider that is down and fails its callers fast. Unavailable errors
// count as failures. RateLimited errors count only if nothing was served for a minute and nothing
// else is in flight: [Limit] deals with a busy account. If the server sends a RetryAfter with a
// failure, the circuit opens at once, for that long, up to a minute. Calls that never reached the
// provider, or that ended because their caller left, are neither failures nor successes.
//
// While the circuit is open, calls fail as Unavailable with [CodeOpen] and the remaining time as
// RetryAfter, so that Fallback moves on and Retry knows when to come back. Then one call tries,
// and the others fail until it returns. Of the calls that began before the circuit opened, only a
// success after that time changes anything: it closes the circuit too. While [Batch] looks for a
// text that makes requests fail, the failures of the pieces do not count, and pieces pass an open
// circuit if the provider has served the job. Each chain built with the returned Middleware has its
// own circuit.
func Breaker(o BreakerOptions) embedding.Middleware {
	if o.Failures < 1 {
		o.Failures = 5
	}
	if o.Cooldown <= 0 {
		o.Cooldown = 5 * time.Second
	}
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next)
		m := next.Model()
		b := &breaker{o: o, cooldown: o.Cooldown}
		return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			era, left, last := b.enter(time.Now())
			if left > 0 && sentFrom(ctx).passes() {
				res, err := next.Embed(ctx, req)
				if err == nil {
					b.close()
				}
				return res, err
			}
			if left > 0 {
				e := local(&m, embedding.Unavailable, CodeOpen, "the circuit is open and closes again by itself; the last failure: %s", last)
				e.RetryAfter = left
				return embedding.Response{}, e
			}
			finished := false
			defer func() {
				if !finished { // next panicked: the trial has to end all the same
					b.leave(time.Now(), era, unknown, 0, "")
				}
			}()
			res, err := next.Embed(ctx, req)
			finished = true
			o, after, why := judge(ctx, res, err)
			if o == failure && sentFrom(ctx).quiet() {
				o = unknown
			}
			b.leave(time.Now(), era, o, after, why)
			return res, err
		})
	}
}

type outcome uint8

const (
	success outcome = iota
	failure
	limited // refused as too much, which counts only if nothing else is served
	unknown // the caller left, or the provider was never asked
)

// judge returns what an answer says about the provider's health, how long the provider asks to
// wait, and its words.
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
		case own(e):
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

// own reports whether a layer of this package made e without asking a provider.
func own(e *embedding.Error) bool {
	switch e.Code {
	case CodeOpen, CodeLimit, CodeBudget, CodeQuota:
		return e.Status == 0
	}
	return false
}

// busy is for how long after a success a refusal as too much is not the provider's failure.
const busy = time.Minute

// longestOpen is the longest time without a trial, as long as Retry's default MaxWait. A server
// that asks for more is asked again by one call: it may have spoken of another limit, or in another
// unit.
const longestOpen = time.Minute

type breaker struct {
	o        BreakerOptions
	mu       sync.Mutex
	era      uint64 // counts openings; an answer from an earlier era is stale
	failed   int    // failures in a row
	open     bool
	until    time.Time
	last     string        // the words of the failure that opened the circuit
	out      int           // calls in flight
	served   time.Time     // the latest success; zero means none
	trial    bool          // one call is trying the provider
	cooldown time.Duration // of the next opening
}

// enter returns the current era if a call may go, and otherwise how long to wait and why.
func (b *breaker) enter(now time.Time) (era uint64, left time.Duration, last string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.open:
	case now.Before(b.until):
		return 0, b.until.Sub(now), b.last
	case b.trial:
		return 0, max(b.o.Cooldown/10, time.Millisecond), b.last // the trial ends soon
	default:
		b.trial = true
	}
	b.out++
	return b.era, 0, ""
}

// close closes the circuit after a success of a request that went past it.
func (b *breaker) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed, b.open, b.trial = 0, false, false
	b.cooldown = b.o.Cooldown
}

// leave records the outcome of a call.
func (b *breaker) leave(now time.Time, era uint64, o outcome, after time.Duration, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out--
	if o == success {
		b.served = now
	}
	// A call from before the opening counts if it says what the trial asks, which may stand behind it
	// in Limit's queue.
	if era != b.era && (o != success || b.open && now.Before(b.until)) {
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
		b.until = now.Add(min(cmp.Or(after, b.cooldown), longestOpen))
		b.cooldown = 2 * b.o.Cooldown
	}
}
