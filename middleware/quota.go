package middleware

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware/internal/gate"
)

// Quota is an account of requests and tokens that several processes draw from: package
// middleware/redislimit keeps one in Redis. It is safe for concurrent use.
type Quota interface {
	// Take draws requests and tokens together and returns how long to wait before using them. If the
	// wait is longer than d.Most, Take draws nothing and returns when to ask again. Negative amounts
	// are given back, without a wait. Take returns soon after ctx ends.
	//
	// A draw in the lane [Bulk] takes at most nine tenths of the rates, and nothing before the time at
	// which an interactive draw was told to ask again.
	Take(ctx context.Context, d Draw) (time.Duration, error)
}

// Draw is what one call of a Quota takes.
type Draw struct {
	RPM, TPM         int // refill rates of the account; 0 means no limit
	Requests, Tokens int
	Most             time.Duration // longest wait that the caller accepts
	Lane             Lane
	Window           time.Duration // in which the provider counts; below a second means a second
}

// quotaTimeout bounds a call of a Quota.
const quotaTimeout = 500 * time.Millisecond

// account is a [Quota] that costs a few timeouts while its server is down, not one per request.
type account struct {
	Quota
	rpm, tpm int
	window   time.Duration
	gate     gate.Gate
	part     *limiter // used while the Quota is down; nil means none
}

func newAccount(o LimitOptions) *account {
	s := &account{Quota: o.Shared, rpm: max(0, o.RPM), tpm: max(0, o.TPM), window: o.Window}
	if o.Processes > 0 {
		of := func(n int) int {
			if n <= 0 {
				return 0
			}
			return max(1, n/o.Processes)
		}
		s.part = newLimiter(LimitOptions{RPM: of(o.RPM), TPM: of(o.TPM)})
	}
	return s
}

// take draws from the Quota and reports whether that worked.
func (s *account) take(ctx context.Context, lane Lane, requests, tokens int, most time.Duration) (time.Duration, error) {
	timeout := quotaTimeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline)/2)
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	wait, err := s.Take(bounded, Draw{s.rpm, s.tpm, requests, tokens, most, lane, s.window})
	if err != nil && ctx.Err() != nil {
		s.gate.Abandon() // the caller left; the Quota may be fine
		return 0, ctx.Err()
	}
	if gate.TooShort(err, timeout) {
		s.gate.Abandon()
		return 0, errHasty
	}
	s.gate.Leave(err)
	return wait, err
}

// errHasty means that the context ended before the Quota had time to answer.
var errHasty = errors.New("no answer in time")

// soon is how long before its turn a request may draw it. A request that is further away asks again
// later: it holds nothing, so nothing has to be given back.
const soon = 50 * time.Millisecond

// reserve draws a request and t's tokens, or says when to ask again.
func (s *account) reserve(ctx context.Context, m embedding.Model, t *ticket) (again time.Duration, err error) {
	if !s.gate.Enter() {
		return 0, s.alone(ctx, m, t, nil)
	}
	most, limited := soon, false
	if end, ok := deadline(ctx); ok {
		if left := time.Until(end); left < most {
			most, limited = left, true
		}
	}
	wait, err := s.take(ctx, t.lane, 1, t.tokens, most)
	switch {
	case err != nil && ctx.Err() != nil:
		return 0, ctx.Err()
	case errors.Is(err, errHasty):
		return 0, tooLong(m, 0)
	case err != nil:
		return 0, s.alone(ctx, m, t, err)
	case wait <= most:
		t.turn = time.Now().Add(wait)
		return 0, nil
	case limited:
		return 0, tooLong(m, wait)
	}
	return wait, nil
}

// settle reports to the account how many tokens a request had.
func (s *account) settle(ctx context.Context, t ticket, tokens int) {
	if t.part != nil {
		t.part.settle(t.lane, tokens-t.tokens)
		return
	}
	if s.tpm > 0 && tokens != t.tokens && s.gate.Enter() {
		// If the report fails, the account keeps the estimate. Estimates lean high, so the account is
		// used a little less.
		_, _ = s.take(context.WithoutCancel(ctx), t.lane, 0, tokens-t.tokens, 0)
	}
}

// alone continues without the Quota.
func (s *account) alone(ctx context.Context, m embedding.Model, t *ticket, why error) error {
	if s.part != nil {
		_, err := s.part.enter(ctx, m, t.lane, t.tokens)
		t.part = s.part
		return err
	}
	if why == nil {
		why = fmt.Errorf("it has failed before and is left alone for %v", gate.Pause)
	}
	return local(&m, embedding.Unavailable, CodeQuota,
		"middleware.Limit: the shared quota cannot be drawn from: see to its server, or set Processes to go on with a part of the quota: %w", why)
}
