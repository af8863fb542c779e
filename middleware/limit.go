package middleware

import (
	"context"
	"sync"
	"time"

	"github.com/vecspace/embedding"
)

// LimitOptions are what an account allows. Zero or negative is no limit.
type LimitOptions struct {
	RPM      int // requests per minute
	TPM      int // tokens per minute
	InFlight int // requests at once, of this process

	// Shared is an account that other processes draw from too; RPM and TPM are then those of all together. Nil: this value's own.
	Shared Quota
	// Processes is how many share it. While Shared does not answer, each goes on with that part of RPM and TPM by itself; 0:
	// requests fail as Unavailable then, with code CodeQuota, and a Retry outside asks again.
	Processes int
}

// Limit keeps requests inside what the provider allows, so that it never has to refuse one. Its state is the
// Middleware value's: chains that share an account share one value.
//
// Requests and tokens are spread evenly: in no second is there more than a sixtieth of the minute's quota, which DashScope enforces
// too, and what a pause saves up is a fiftieth of a second's, or one request. A request reserves embedding.EstimateTokens of its texts and settles by the usage the
// provider reports; a request that failed keeps its reservation, because providers count attempts. A request larger than a second's tokens
// is let through alone and the following ones wait for it.
//
// Waiters are served in order. One that cannot be served before its context's deadline is told at once, by a RateLimited
// error with RetryAfter; one whose context ends while it waits gives its reservation back.
func Limit(o LimitOptions) embedding.Middleware {
	l := &limiter{requests: newBucket(o.RPM), tokens: newBucket(o.TPM)}
	if o.Shared != nil {
		l.shared = newAccount(o)
	}
	if o.InFlight > 0 {
		l.slots = make(chan struct{}, o.InFlight)
	}
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next) // guarded, and a nil one panics with a clear message
		m := next.Model()
		return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			if err := l.enter(ctx); err != nil {
				return embedding.Response{}, err
			}
			defer l.leave()
			estimate := 0
			if l.tokens != nil {
				estimate = embedding.EstimateTokens(req.Texts...)
			}
			settle := l.tokens.settle
			var err error
			if l.shared != nil {
				settle, err = l.shared.reserve(ctx, m, estimate)
			} else {
				err = l.reserve(ctx, m, estimate)
			}
			if err != nil {
				return embedding.Response{}, err
			}
			res, err := next.Embed(ctx, req)
			if u := embedding.Salvage(res, err).Usage; l.tokens != nil && u.Tokens > 0 && u.Unmetered == 0 {
				settle(estimate - u.Tokens)
			}
			return res, err
		})
	}
}

type limiter struct {
	slots            chan struct{} // nil: no limit
	requests, tokens *bucket       // nil: no limit
	shared           *account      // nil: the buckets decide
}

func (l *limiter) enter(ctx context.Context) error {
	if l.slots == nil {
		return nil
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *limiter) leave() {
	if l.slots != nil {
		<-l.slots
	}
}

// reserve waits until one request of so many tokens may go.
func (l *limiter) reserve(ctx context.Context, m embedding.Model, tokens int) error {
	now := time.Now()
	wait := max(l.requests.take(now, 1), l.tokens.take(now, tokens))
	if wait <= 0 {
		return ctx.Err()
	}
	undo := func() {
		l.requests.settle(1)
		l.tokens.settle(tokens)
	}
	if late(ctx, now.Add(wait)) {
		undo()
		return tooLong(m, wait)
	}
	if err := sleep(ctx, wait); err != nil {
		undo()
		return err
	}
	return nil
}

// bucket is a token bucket that may be in debt. golang.org/x/time/rate is not used: it can neither give back a part of
// a reservation, which settling needs, nor take one that is larger than its burst.
type bucket struct {
	mu    sync.Mutex
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

// take takes n units and returns how long to wait for them. What is more than the burst is paid for by those who come
// after: waiting for a full bucket is all that one request can do.
func (b *bucket) take(now time.Time, n int) time.Duration {
	if b == nil || n == 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.After(b.at) {
		if !b.at.IsZero() {
			b.level = min(b.burst, b.level+now.Sub(b.at).Seconds()*b.rate)
		}
		b.at = now
	}
	lack := min(float64(n), b.burst) - b.level
	b.level -= float64(n)
	if lack <= 0 {
		return 0
	}
	return time.Duration(lack / b.rate * float64(time.Second))
}

// settle gives back n units, or takes them where n is negative.
func (b *bucket) settle(n int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.level = min(b.burst, b.level+float64(n))
}
