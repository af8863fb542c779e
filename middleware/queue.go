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

// limiter is one account: its limits, the requests in flight, and the waiters of each lane in
// order. A waiter reserves nothing before its turn. So a waiter that leaves has nothing to give
// back, and the others move up.
type limiter struct {
	shared  *account    // nil means that the buckets decide
	counted atomic.Bool // tokens are limited

	mu               sync.Mutex
	requests, tokens *bucket // nil means no limit
	most             int     // concurrent requests; 0 means no limit
	out, bulk        int     // requests in flight, and those of them in the lane Bulk
	pace             pace
	lines            [lanes]line
	spare            ticket // from a caller that left, for the next waiter
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
	lane           Lane
	tokens         int
	ctx            context.Context
	wake           chan struct{} // signals a change; has room for one signal
	err            error         // the waiter was turned away
}

// ticket records the start of a request.
type ticket struct {
	at     time.Time
	lane   Lane
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
func (l *limiter) enter(ctx context.Context, m embedding.Model, lane Lane, tokens int) (ticket, error) {
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
	if before := l.before(lane); before == (ahead{}) && l.wait(now, lane, before, tokens) <= 0 && !l.full(lane) {
		t = l.take(now, lane, tokens, false)
		l.mu.Unlock()
		var err error
		if told, err = l.draw(ctx, m, &t); err != nil || told == 0 && !t.turn.After(now) {
			return t, err
		}
		l.mu.Lock()
	}
	if wait := max(told, l.wait(now, lane, l.before(lane), tokens)); !t.taken && late(ctx, now.Add(wait)) {
		l.mu.Unlock()
		return ticket{}, tooLong(m, wait)
	}
	w := &waiter{model: m, lane: lane, tokens: tokens, ctx: ctx, wake: make(chan struct{}, 1)}
	l.lines[lane].push(w)
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
		next := l.next() == w
		if next && l.spare.taken && !t.taken {
			t, l.spare = l.spare, ticket{}
		}
		switch {
		case t.taken:
			wait = t.turn.Sub(now)
		case next:
			wait = max(l.wait(now, w.lane, ahead{}, w.tokens), again.Sub(now))
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
		if next && !t.taken && wait <= 0 && !l.full(w.lane) {
			t = l.take(now, w.lane, w.tokens, true)
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

// pass hands the draw of a caller that left to the next waiter, of either lane. The shared account
// takes no draws back.
func (l *limiter) pass(t ticket) {
	if l.next() == nil || l.spare.taken {
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
func (l *limiter) wait(now time.Time, lane Lane, before ahead, tokens int) time.Duration {
	return max(l.requests.wait(now, lane, before.requests, 1), l.tokens.wait(now, lane, before.tokens, tokens),
		l.pace.wait(now, lane, before, tokens))
}

// before returns the waiters that a new one of a lane waits for.
func (l *limiter) before(lane Lane) (a ahead) {
	for i := range lane + 1 {
		a.requests[i], a.tokens[i] = l.lines[i].requests, l.lines[i].tokens
	}
	return a
}

// next returns the waiter whose turn is next, or nil.
func (l *limiter) next() *waiter {
	if w := l.lines[Interactive].first; w != nil {
		return w
	}
	return l.lines[Bulk].first
}

// full reports whether a request in flight must end first.
func (l *limiter) full(lane Lane) bool {
	most := l.most
	if p := l.pace.most; p > 0 && (most == 0 || p < most) {
		most = p
	}
	return l.pace.trying || most > 0 && (l.out >= most || lane == Bulk && l.bulk >= bulkOf(most))
}

// take starts a request.
func (l *limiter) take(now time.Time, lane Lane, tokens int, waited bool) ticket {
	l.requests.take(lane, 1)
	l.tokens.take(lane, tokens)
	t := ticket{at: now, lane: lane, taken: true, waited: waited, beside: l.out, tokens: tokens}
	l.pace.sent(&t)
	l.count(lane, 1)
	return t
}

// count adds n to the requests in flight.
func (l *limiter) count(lane Lane, n int) {
	l.out += n
	if lane == Bulk {
		l.bulk += n
	}
}

// untake undoes take for a request that was not sent.
func (l *limiter) untake(t *ticket) {
	l.count(t.lane, -1)
	l.pace.unsent(t)
	t.taken = false
	l.wake()
}

// leave records the outcome of the request with t. It returns the hold that follows.
func (l *limiter) leave(t ticket, a answer) (hold time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count(t.lane, -1)
	if a.tokens < 0 {
		a.tokens = t.tokens
	} else {
		l.tokens.take(t.lane, a.tokens-t.tokens)
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
func (l *limiter) settle(lane Lane, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens.take(lane, n)
	l.wake()
}

// review turns away waiters that can no longer be served in time.
func (l *limiter) review(now time.Time) {
	var before ahead
	left := l.pace.left(now)
	for lane := range l.lines {
		for w := l.lines[lane].first; w != nil; w = w.behind {
			wait := l.wait(now, w.lane, before, w.tokens)
			switch {
			case left > longestHold:
				w.err = leftAlone(w.model, left)
			case late(w.ctx, now.Add(wait)):
				w.err = tooLong(w.model, wait)
			default:
				before.requests[lane]++
				before.tokens[lane] += w.tokens
				continue
			}
			w.tell()
		}
	}
}

func (w *waiter) tell() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (l *limiter) wake() {
	if w := l.next(); w != nil {
		w.tell()
	}
}

func (l *limiter) drop(w *waiter) {
	l.lines[w.lane].drop(w)
	l.wake()
}
