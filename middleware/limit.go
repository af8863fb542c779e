package middleware

import (
	"context"
	"math"
	"time"

	"github.com/vecspace/embedding"
)

// LimitOptions are options of [Limit]: upper bounds for what the account allows. Zero or a negative
// value means no bound.
type LimitOptions struct {
	RPM      int // requests per minute
	TPM      int // tokens per minute
	InFlight int // concurrent requests of this process

	// Lane is the lane of calls whose context has none ([WithLane]). In [Standard] and [Stack] it
	// belongs to the chain, also if the account is shared.
	Lane Lane

	// Shared is an account that other processes use too. RPM and TPM then apply to all of them
	// together. nil means an account of this value alone.
	Shared Quota
	// Window is the span in which the provider counts what Shared allows, from a second, which 0 also
	// means, to a minute. In a longer one, what arrives late counts less, so a smaller part of the
	// account stays free: 2 % from four seconds on, not 6 % of the requests and 8 % of the tokens.
	Window time.Duration
	// Processes is the number of processes that share the account. While Shared does not answer, each
	// uses its part of RPM and TPM. 0 means that requests fail as Unavailable with [CodeQuota] then,
	// and a [Retry] outside asks again.
	Processes int
}

// Limit keeps requests within what the provider allows. The returned Middleware holds its state, so
// chains that share an account share one value.
//
// Requests and tokens are paced: no second gets more than 1/60 of the per-minute quota, which
// DashScope enforces too. An idle period saves up at most 20 ms of quota, or one request. A request
// reserves [embedding.EstimateTokens] of its texts and settles by the usage that the provider
// reports. A failed request keeps its reservation, because providers count attempts. A request with
// more than a second's tokens is sent alone, and the next ones wait for it.
//
// Limit learns what the options do not say. Until the provider refuses a request as RateLimited,
// nothing waits. Then all requests wait for as long as the provider says, or for a moment, and one
// tries. From then on requests go at the pace at which the provider served them, which rises until
// the next refusal. The pace counts tokens if the refusal mentions them. If the provider refuses
// requests only beside others, Limit learns the number of concurrent requests instead. If half the
// pace gets as many refusals, they no longer lower it.
//
// Interactive requests go before those in the lane [Bulk]. Bulk takes at most nine tenths of each
// limit, set or learned (of requests at once: rounded down, but at least one), and nothing while an
// interactive request waits. So bulk gets what the other lane leaves, which may be nothing. An
// interactive request does not wait for what Bulk has sent, unless it takes more than a tenth of
// what the account allows in a second: then it waits until one Bulk request has been paid for.
//
// Waiters of a lane are served in order; when one leaves, the others move up. Limit returns a
// RateLimited error with [CodeLimit] and RetryAfter immediately if a wait would end after the
// context's deadline, or if the provider asks for more than ten seconds. A refusal by the provider
// without RetryAfter gets the time at which Limit sends the next request.
func Limit(o LimitOptions) embedding.Middleware {
	l := newLimiter(o)
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next) // guarded, and a nil one panics with a clear message
		m := next.Model()
		return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			return l.embed(ctx, next, m, req, laneOf(ctx, o.Lane))
		})
	}
}

func (l *limiter) embed(
	ctx context.Context, next embedding.Embedder, m embedding.Model, req embedding.Request, lane Lane,
) (res embedding.Response, err error) {
	if lane >= lanes {
		return embedding.Response{}, unknownLane(m, lane)
	}
	estimate := 0
	if l.counted.Load() {
		estimate = embedding.EstimateTokens(req.Texts...)
	}
	t, err := l.enter(ctx, m, lane, estimate)
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
	burst float64 // capacity: 20 ms of units, at least 1; a full second would allow twice the rate after an idle second
	level float64 // of interactive requests; negative means debt
	owed  float64 // what Bulk has taken, which nine tenths of the rate pay back
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
			units := now.Sub(b.at).Seconds() * b.rate
			paid := min(b.owed, units*bulkShare)
			b.owed -= paid
			b.level = min(b.burst, b.level+units-paid)
		}
		b.at = now
	}
}

// wait returns how long n units of a lane wait behind other waiters. A request with more units than
// the burst waits for a full bucket, and later requests pay for the rest.
func (b *bucket) wait(now time.Time, lane Lane, behind [lanes]int, n int) time.Duration {
	if b == nil || n == 0 {
		return 0
	}
	b.refill(now)
	need := min(float64(n), b.burst)
	lack, owed := need-b.level+float64(behind[Interactive]), b.owed+float64(behind[Bulk])
	if lane == Interactive && float64(n) <= b.rate*(1-bulkShare) { // the tenth that Bulk leaves is enough
		lack = min(lack/(1-bulkShare), lack+owed)
	} else {
		lack = max(lack+owed, (need-b.burst+owed)/bulkShare)
	}
	if lack <= 0 {
		return 0
	}
	return time.Duration(math.Ceil(lack / b.rate * float64(time.Second)))
}

// take takes n units; a negative n gives them back.
func (b *bucket) take(lane Lane, n int) {
	switch {
	case b == nil:
	case lane == Bulk:
		b.owed = max(0, b.owed+float64(n))
	default:
		b.level = min(b.burst, b.level-float64(n))
	}
}
