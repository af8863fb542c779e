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

// limiter is one account: its figures, what is under way, and who waits, in order. Nothing is
// reserved before its turn, so whoever leaves has nothing to give back and the rest move up.
type limiter struct {
	shared  *account    // nil: the buckets decide
	counted atomic.Bool // a request's tokens matter

	mu               sync.Mutex
	requests, tokens *bucket // nil: no limit
	most             int     // requests at once; 0: no limit
	out              int     // requests under way
	pace             pace
	first, last      *waiter
	ahead, aheadOf   int    // waiters, and their tokens
	spare            ticket // of a leaver, for the first who waits
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
	wake           chan struct{} // something has changed for it; holds one
	err            error         // it was sent away
}

// ticket is what a request that may go remembers of its start.
type ticket struct {
	at     time.Time
	taken  bool
	beside int // requests that were under way
	tokens int // reserved
	era    int // of the pace
	waited bool
	probe  bool      // the only one that may go after a refusal
	turn   time.Time // of the shared account
	part   *limiter  // that it drew from in place of the shared account; nil: none
}

// enter waits until a request of so many tokens may go.
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

// draw asks the shared account, if there is one. Where it says to ask again after a while, or
// fails, t is given back.
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

// queue waits for w's turn and takes it, or for the turn that t has already. The shared account may
// be asked from again on.
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
			told, err := l.draw(ctx, w.model, &t) // who is behind waits for its answer
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
		case <-w.wake: // also when a full account has room again
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// pass gives what a leaver has drawn from the shared account, where nothing is given back, to who
// waits.
func (l *limiter) pass(t ticket) {
	if l.first == nil || l.spare.taken {
		l.untake(&t)
		return
	}
	l.spare = t
	l.wake()
}

// askAgain returns when to ask a shared account that told to wait: not all at the same moment who
// were told of the same one.
func askAgain(told time.Duration) time.Time {
	if told > soon {
		told -= rand.N(soon)
	}
	return time.Now().Add(told)
}

// wait returns how long a request of so many tokens waits behind others that wait.
func (l *limiter) wait(now time.Time, requests, of, tokens int) time.Duration {
	return max(l.requests.wait(now, requests, 1), l.tokens.wait(now, of, tokens), l.pace.wait(now, requests, of, tokens))
}

// full reports whether somebody must come back first.
func (l *limiter) full() bool {
	return l.most > 0 && l.out >= l.most || l.pace.full(l.out)
}

// take lets a request go.
func (l *limiter) take(now time.Time, tokens int, waited bool) ticket {
	l.requests.take(1)
	l.tokens.take(tokens)
	t := ticket{at: now, taken: true, waited: waited, beside: l.out, tokens: tokens}
	l.pace.sent(&t)
	l.out++
	return t
}

// untake gives back what a request took that was not sent.
func (l *limiter) untake(t *ticket) {
	l.out--
	l.pace.unsent(t)
	t.taken = false
	l.wake()
}

// leave hears how the request went that has t, and returns how long nobody may go because of it.
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

// settle corrects what a request took, n tokens up.
func (l *limiter) settle(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens.take(n)
	l.wake()
}

// review sends those away who cannot be served in time any more.
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

// drop takes w out; the rest move up.
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
