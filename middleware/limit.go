package middleware

import (
	"context"
	"math"
	"time"

	"github.com/vecspace/embedding"
)

// LimitOptions are what an account allows at most; what it is seen to allow may be less. Zero or
// negative is no limit.
type LimitOptions struct {
	RPM      int // requests per minute
	TPM      int // tokens per minute
	InFlight int // requests at once, of this process

	// Shared is an account that other processes draw from too; RPM and TPM are then for all together.
	// Nil: this value's own.
	Shared Quota
	// Processes is how many share it. While Shared does not answer, each goes on with that part of RPM
	// and TPM by itself; 0: requests fail as Unavailable then, with code CodeQuota, and a Retry
	// outside asks again.
	Processes int
}

// Limit keeps requests inside what the provider allows. Its state is the Middleware value's: chains
// that share an account share one value.
//
// Requests and tokens are spread evenly: in no second is there more than a sixtieth of the minute's
// quota, which DashScope enforces too, and what a pause saves up is a fiftieth of a second's, or
// one request. A request reserves [embedding.EstimateTokens] of its texts and settles by the usage
// the provider reports; a request that failed keeps its reservation, because providers count
// attempts. A request larger than a second's tokens is let through alone and the following ones
// wait for it.
//
// What the options do not say is learned. Until the provider refuses a request as RateLimited,
// nothing waits. Then nobody goes for as long as the provider says, or for a moment; one request
// tries; and from then on requests, or tokens where the refusal speaks of them, go at the pace that
// was served, which rises until the next refusal. Where only requests beside others are refused,
// their number is learned instead.
//
// Waiters are served in order; one that leaves is taken out and the rest move up. One that cannot
// be served before its context's deadline is told at once, by a RateLimited error with RetryAfter;
// so is everybody while the provider wants to be left alone for more than ten seconds. A refusal by
// the provider that does not say when to come again has as RetryAfter when Limit lets the next one
// go.
func Limit(o LimitOptions) embedding.Middleware {
	l := newLimiter(o)
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next) // guarded, and a nil one panics with a clear message
		m := next.Model()
		return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			return l.embed(ctx, next, m, req)
		})
	}
}

func (l *limiter) embed(
	ctx context.Context, next embedding.Embedder, m embedding.Model, req embedding.Request,
) (res embedding.Response, err error) {
	estimate := 0
	if l.counted.Load() {
		estimate = embedding.EstimateTokens(req.Texts...)
	}
	t, err := l.enter(ctx, m, estimate)
	if err != nil {
		return embedding.Response{}, err
	}
	a := answer{tokens: -1}
	defer func() { // also when next panics
		if hold := l.leave(t, a); hold > 0 {
			err = askAfter(err, hold)
		}
	}()
	res, err = next.Embed(ctx, req)
	a = read(ctx, res, err)
	if l.shared != nil && a.tokens >= 0 {
		l.shared.settle(ctx, t, a.tokens)
	}
	return res, err
}

// bucket is a token bucket that may be in debt. golang.org/x/time/rate is not used: it can neither
// give back a part of a reservation, which settling needs, nor take one that is larger than its
// burst.
type bucket struct {
	rate  float64 // units per second
	burst float64 // what a pause saves up: a fiftieth of a second's units, for a second's would make two of them in one second; at least one
	level float64 // negative: owed, in the order in which it was taken
	at    time.Time
}

func newBucket(perMinute int) *bucket {
	if perMinute <= 0 {
		return nil
	}
	rate := float64(perMinute) / 60
	burst := max(1, rate/50)
	return &bucket{rate: rate, burst: burst, level: burst}
}

// refill brings the level up to now.
func (b *bucket) refill(now time.Time) {
	if now.After(b.at) {
		if !b.at.IsZero() {
			b.level = min(b.burst, b.level+now.Sub(b.at).Seconds()*b.rate)
		}
		b.at = now
	}
}

// wait returns how long n units wait behind others that wait. What is more than the burst is paid
// for by those who come after: waiting for a full bucket is all that one request can do.
func (b *bucket) wait(now time.Time, behind, n int) time.Duration {
	if b == nil || n == 0 {
		return 0
	}
	b.refill(now)
	lack := min(float64(n), b.burst) - b.level + float64(behind)
	if lack <= 0 {
		return 0
	}
	return time.Duration(math.Ceil(lack / b.rate * float64(time.Second)))
}

// take takes n units, or gives them back where n is negative.
func (b *bucket) take(n int) {
	if b != nil {
		b.level = min(b.burst, b.level-float64(n))
	}
}
