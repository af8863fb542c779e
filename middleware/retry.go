package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/vecspace/embedding"
)

// RetryOptions are options of [Retry]. The zero value never waits longer than 1 minute and gives
// up after 2 minutes without a success.
type RetryOptions struct {
	// Budget is how long a call goes on after its first failure, and how long all calls together go on
	// while none succeeds: in an outage the thousandth chunk does not wait as long as the first did.
	// 0 means 2 minutes; a negative value turns Retry off.
	Budget time.Duration
	// MaxWait is the longest single wait. If the server asks for longer, its error is returned
	// immediately, and says so. 0 or less means 1 minute.
	MaxWait time.Duration
	// Pause is the longest wait after the first failure if the server does not say how long to wait.
	// It doubles with each failure, up to MaxPause. 0 or less means 500 ms and 10 s.
	Pause, MaxPause time.Duration
	// Attempts limits the requests for one text. 0 or less means as many as the budget allows.
	Attempts int
}

// Retry asks again for the texts that failed as RateLimited or Unavailable. It waits as long as
// the server's Retry-After says, or otherwise for a random time of up to Pause, doubled each time
// ("full jitter", aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter). If a wait
// would end after the budget or the context's deadline, the provider's error is returned
// immediately. A refusal by an open [Breaker] or by [Limit] is waited for and does not count as an
// attempt. A request of a [Batch] outside goes back to it after four failures as Unavailable or 10
// s, while others pass: one of its texts is to blame, and Batch finds out which.
//
// Each chain built with the returned Middleware has its own shared budget.
func Retry(o RetryOptions) embedding.Middleware {
	if o.Budget == 0 {
		o.Budget = 2 * time.Minute
	}
	if o.MaxWait <= 0 {
		o.MaxWait = time.Minute
	}
	if o.Pause <= 0 {
		o.Pause = 500 * time.Millisecond
	}
	if o.MaxPause <= 0 {
		o.MaxPause = 10 * time.Second
	}
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next)
		if o.Budget < 0 {
			return next
		}
		r := &retrier{o: o, next: next}
		return embedding.Wrap(next, next.Model(), r.embed)
	}
}

type retrier struct {
	o      RetryOptions
	next   embedding.Embedder
	outage outage
}

func (r *retrier) embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	res, err := r.next.Embed(ctx, req)
	if err == nil {
		r.outage.over()
		return res, nil
	}
	var (
		m        = embedding.NewMerger(len(req.Texts))
		open     []int // nil means all texts
		first    = time.Now()
		failed   time.Time // the first time that it was asked for and failed
		attempts = 0
	)
	for pause := r.o.Pause; ; pause = min(2*pause, r.o.MaxPause) {
		m.Add(open, res, r.patient(err))
		again, after, refused := worthAsking(open, err, len(req.Texts))
		if len(again) == 0 {
			break
		}
		if end := ctx.Err(); end != nil { // the reason not to ask again
			m.Add(again, embedding.Response{}, end)
			break
		}
		if !refused {
			if attempts++; attempts == 1 {
				failed = time.Now()
			}
			if sentFrom(ctx).giveBack(err, time.Since(failed)) {
				break
			}
		}
		now := time.Now()
		began := r.outage.began(now, r.o.MaxWait, answered(err))
		wait := cmp.Or(after, rand.N(pause)+1)
		end := now.Add(wait)
		if wait > r.o.MaxWait || end.Sub(first) > r.o.Budget || end.Sub(began) > r.o.Budget ||
			r.o.Attempts > 0 && attempts >= r.o.Attempts || late(ctx, end) {
			break
		}
		open = again
		waits(ctx, err)
		if err := sleep(ctx, wait); err != nil {
			m.Add(open, embedding.Response{}, err)
			break
		}
		sent := time.Now()
		if res, err = r.next.Embed(ctx, req.Pick(open)); err == nil {
			r.outage.over()
			m.Add(open, res, nil)
			break
		}
		if errors.Is(err, embedding.RateLimited) { // it waited for its turn in Limit, which is no failure
			first = first.Add(time.Since(sent))
		}
	}
	return m.Result()
}

// patient makes an error whose RetryAfter is longer than MaxWait say so, since nobody asks again.
func (r *retrier) patient(err error) error {
	switch own := err.(type) {
	case *embedding.Error:
		if retry, after := retryable(own); retry && after > r.o.MaxWait {
			long := *own
			long.Err = tooLate{own.Err, r.o.MaxWait}
			return &long
		}
	case *embedding.PartialError:
		said := make(map[error]error) // texts that share an error still do
		failed := slices.Clone(own.Failed)
		for i, f := range failed {
			e, ok := f.Err.(*embedding.Error)
			if !ok {
				continue
			}
			if said[e] == nil {
				said[e] = r.patient(e)
			}
			failed[i].Err = said[e]
		}
		return &embedding.PartialError{Response: own.Response, Failed: failed}
	}
	return err
}

// tooLate is the cause of an error after which Retry does not wait.
type tooLate struct {
	error
	most time.Duration
}

func (e tooLate) Error() string {
	said := fmt.Sprintf("it is asked to wait longer than MaxWait, which is %v", e.most)
	if e.error == nil {
		return said
	}
	return e.error.Error() + "; " + said
}

func (e tooLate) Unwrap() error { return e.error }

// answered reports whether a failed call got at least one vector.
func answered(err error) bool {
	p, ok := errors.AsType[*embedding.PartialError](err)
	return ok && len(p.Failed) < len(p.Response.Vectors)
}

// worthAsking returns which of the texts idx (nil means all n) to ask for again after err, how
// long the server asks to wait, and whether nothing but an open circuit or Limit refused them.
func worthAsking(idx []int, err error, n int) (again []int, after time.Duration, refused bool) {
	at := func(k int) int {
		if idx == nil {
			return k
		}
		return idx[k]
	}
	if idx != nil {
		n = len(idx)
	}
	refused = true
	worth := func(err error) bool {
		retry, wait := retryable(err)
		if !retry {
			return false
		}
		after = max(after, wait)
		if e, ok := errors.AsType[*embedding.Error](err); !ok || e.Code != CodeOpen && e.Code != CodeLimit {
			refused = false
		}
		return true
	}
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, f := range p.Failed {
			if f.Index < n && worth(f.Err) {
				again = append(again, at(f.Index))
			}
		}
		return again, after, refused
	}
	if worth(err) {
		for k := range n {
			again = append(again, at(k))
		}
	}
	return again, after, refused
}

// outage is the time during which no call has succeeded.
type outage struct {
	mu          sync.Mutex
	since, last time.Time // the first and the latest failure; a zero since means no outage
}

// over records a success.
func (o *outage) over() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = time.Time{}
}

// began records a failure and returns when the outage began. A failure long ago, after which no
// call was made, belongs to another outage.
func (o *outage) began(now time.Time, quiet time.Duration, answered bool) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() || answered || now.Sub(o.last) > 2*quiet {
		o.since = now
	}
	o.last = now
	return o.since
}
