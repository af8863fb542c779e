package middleware

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vecspace/embedding"
)

// limiter is one account: its limits, the requests in flight, and the waiters in order. A waiter
// reserves nothing before its turn. So a waiter that leaves has nothing to give back, and the
// others move up.
type limiter struct {
	shared  *account    // nil means that the buckets decide
	counted atomic.Bool // tokens are limited

	mu               sync.Mutex
	requests, tokens *bucket // nil means no limit
	most             int     // concurrent requests; 0 means no limit
	out              int     // requests in flight
	pace             pace
	first, last      *waiter
	ahead, aheadOf   int    // waiters, and their tokens
	spare            ticket // from a caller that left, for the first waiter
}

func newLimiter(o LimitOptions) *limiter {
	l := &limiter{most: max(0, o.InFlight)}
	if o.Shared == nil {
		l.requests, l.tokens = newBucket(o.RPM), newBucket(o.TPM)
	} else {
		l.shared = newAccount(o)
	}
	l.counted.Store(o.TPM > 0)
	return l
}

// waiter is a request that waits for its turn.
type waiter struct {
	before, behind *waiter
	model          embedding.Model
	tokens         int
	ctx            context.Context
	wake           chan struct{} // signals a change; has room for one signal
	err            error         // the waiter was turned away
}

// ticket records the start of a request.
type ticket struct {
	at     time.Time
	taken  bool
	beside int // other requests in flight
	tokens int // reserved
	era    int // era of the pace
	waited bool
	probe  bool      // the one request that tries after a refusal
	turn   time.Time // turn in the shared account
	part   *limiter  // the stand-in for the shared account; nil means none
}

// enter waits for the turn of a request with so many tokens.
func (l *limiter) enter(ctx context.Context, m embedding.Model, tokens int) (ticket, error) {
	if err := ctx.Err(); err != nil {
		return ticket{}, err
	}
	now := time.Now()
	l.mu.Lock()
	if left := l.pace.left(now); left > longestHold {
		l.mu.Unlock()
		return ticket{}, leftAlone(m, left)
	}
	var (
		t    ticket
		told time.Duration
	)
	if l.first == nil && l.wait(now, 0, 0, tokens) <= 0 && !l.full() {
		t = l.take(now, tokens, false)
		l.mu.Unlock()
		var err error
		if told, err = l.draw(ctx, m, &t); err != nil || told == 0 && !t.turn.After(now) {
			return t, err
		}
		l.mu.Lock()
	}
	if wait := max(told, l.wait(now, l.ahead, l.aheadOf, tokens)); !t.taken && late(ctx, now.Add(wait)) {
		l.mu.Unlock()
		return ticket{}, tooLong(m, wait)
	}
	w := &waiter{model: m, tokens: tokens, ctx: ctx, wake: make(chan struct{}, 1)}
	l.push(w)
	l.mu.Unlock()
	return l.queue(ctx, w, t, askAgain(told))
}

// draw asks the shared account, if there is one. It returns t if the account fails or says when to
// ask again.
func (l *limiter) draw(ctx context.Context, m embedding.Model, t *ticket) (again time.Duration, err error) {
	if l.shared == nil {
		return 0, nil
	}
	if again, err = l.shared.reserve(ctx, m, t); again > 0 || err != nil {
		l.mu.Lock()
		l.untake(t)
		l.mu.Unlock()
	}
	return again, err
}

// queue waits for w's turn and takes it, or for the turn that t has already. It does not ask the
// shared account before again.
func (l *limiter) queue(ctx context.Context, w *waiter, t ticket, again time.Time) (ticket, error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		l.mu.Lock()
		now, wait := time.Now(), time.Duration(0)
		if l.first == w && l.spare.taken && !t.taken {
			t, l.spare = l.spare, ticket{}
		}
		switch {
		case t.taken:
			wait = t.turn.Sub(now)
		case l.first == w:
			wait = max(l.wait(now, 0, 0, w.tokens), again.Sub(now))
		}
		err := cmp.Or(w.err, ctx.Err())
		if err == nil && late(ctx, now.Add(wait)) {
			err = tooLong(w.model, wait)
		}
		if err != nil || t.taken && wait <= 0 {
			l.drop(w)
			if err != nil && t.taken {
				l.pass(t)
			}
			l.mu.Unlock()
			return t, err
		}
		if l.first == w && !t.taken && wait <= 0 && !l.full() {
			t = l.take(now, w.tokens, true)
			l.mu.Unlock()
			told, err := l.draw(ctx, w.model, &t) // waiters behind this one wait for its answer
			if err != nil {
				l.mu.Lock()
				l.drop(w)
				l.mu.Unlock()
				return t, err
			}
			again = askAgain(told)
			continue
		}
		if timer.Stop(); wait > 0 {
			timer.Reset(wait)
		}
		l.mu.Unlock()
		select {
		case <-w.wake: // an account that was full wakes it too
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// pass hands the draw of a caller that left to the first waiter. The shared account takes no draws
// back.
func (l *limiter) pass(t ticket) {
	if l.first == nil || l.spare.taken {
		l.untake(&t)
		return
	}
	l.spare = t
	l.wake()
}

// askAgain returns when to ask a shared account again. It spreads processes that were told the same
// moment.
func askAgain(told time.Duration) time.Time {
	if told > soon {
		told -= rand.N(soon)
	}
	return time.Now().Add(told)
}

// wait returns how long a request with so many tokens waits behind other waiters.
func (l *limiter) wait(now time.Time, requests, of, tokens int) time.Duration {
	return max(l.requests.wait(now, requests, 1), l.tokens.wait(now, of, tokens), l.pace.wait(now, requests, of, tokens))
}

// full reports whether a request in flight must end first.
func (l *limiter) full() bool {
	return l.most > 0 && l.out >= l.most || l.pace.full(l.out)
}

// take starts a request.
func (l *limiter) take(now time.Time, tokens int, waited bool) ticket {
	l.requests.take(1)
	l.tokens.take(tokens)
	t := ticket{at: now, taken: true, waited: waited, beside: l.out, tokens: tokens}
	l.pace.sent(&t)
	l.out++
	return t
}

// untake undoes take for a request that was not sent.
func (l *limiter) untake(t *ticket) {
	l.out--
	l.pace.unsent(t)
	t.taken = false
	l.wake()
}

// leave records the outcome of the request with t. It returns the hold that follows.
func (l *limiter) leave(t ticket, a answer) (hold time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out--
	if a.tokens < 0 {
		a.tokens = t.tokens
	} else {
		l.tokens.take(a.tokens - t.tokens)
	}
	now := time.Now()
	hold = l.pace.answered(now, t, a, l.out)
	if hold > 0 {
		l.counted.Store(true)
		l.review(now)
	}
	l.wake()
	return hold
}

// settle takes n more tokens for a request.
func (l *limiter) settle(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens.take(n)
	l.wake()
}

// review turns away waiters that can no longer be served in time.
func (l *limiter) review(now time.Time) {
	requests, of, left := 0, 0, l.pace.left(now)
	for w := l.first; w != nil; w = w.behind {
		wait := l.wait(now, requests, of, w.tokens)
		switch {
		case left > longestHold:
			w.err = leftAlone(w.model, left)
		case late(w.ctx, now.Add(wait)):
			w.err = tooLong(w.model, wait)
		default:
			requests, of = requests+1, of+w.tokens
			continue
		}
		w.tell()
	}
}

func (w *waiter) tell() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (l *limiter) wake() {
	if l.first != nil {
		l.first.tell()
	}
}

func (l *limiter) push(w *waiter) {
	if w.before = l.last; l.last != nil {
		l.last.behind = w
	} else {
		l.first = w
	}
	l.last = w
	l.ahead, l.aheadOf = l.ahead+1, l.aheadOf+w.tokens
}

// drop removes w, and the others move up.
func (l *limiter) drop(w *waiter) {
	if w.before != nil {
		w.before.behind = w.behind
	} else {
		l.first = w.behind
	}
	if w.behind != nil {
		w.behind.before = w.before
	} else {
		l.last = w.before
	}
	l.ahead, l.aheadOf = l.ahead-1, l.aheadOf-w.tokens
	l.wake()
}
