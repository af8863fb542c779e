package natsqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/vecspace/embedding/middleware"
)

// Quota is a [middleware.Quota] that [ServeQuota] keeps in another process. It is safe for
// concurrent use.
//
// The process that serves it draws requests and tokens together, by its own clock, and spreads them
// evenly, as package redislimit does: 6 % of the requests and 8 % of the tokens stay free, or less
// in a window of more than a second. Bulk has at most nine tenths of the rest, and an interactive
// request that has to wait is drawn before any of bulk. Nothing is stored: a process that serves
// the quota anew begins with a full account, which is the burst of 20 ms or of one request.
type Quota struct {
	nc      *nats.Conn
	account string
}

var _ middleware.Quota = (*Quota)(nil)

// NewQuota returns the quota of an account. Processes that use the same account share it. NewQuota
// does no I/O.
func NewQuota(nc *nats.Conn, account string) (*Quota, error) {
	if account == "" {
		return nil, errors.New("natsqueue: the account has no name: processes find each other by it")
	}
	return &Quota{nc, account}, nil
}

const quotaSubject = "vecspace.quota"

// ask is what a process asks of the account; answer is what it gets.
type (
	ask struct {
		Account string          `json:"account"`
		Draw    middleware.Draw `json:"draw"`
	}
	answer struct {
		Wait  time.Duration `json:"wait"`
		Error string        `json:"error,omitempty"`
	}
)

// Take is of [middleware.Quota].
func (q *Quota) Take(ctx context.Context, d middleware.Draw) (time.Duration, error) {
	data, err := json.Marshal(ask{q.account, d})
	if err != nil {
		return 0, err
	}
	msg, err := q.nc.RequestWithContext(ctx, quotaSubject, data)
	if err != nil {
		return 0, fmt.Errorf("natsqueue: nobody serves the quota: %w", err)
	}
	var a answer
	if err := json.Unmarshal(msg.Data, &a); err != nil {
		return 0, fmt.Errorf("natsqueue: the answer of who serves the quota: %w", err)
	}
	if a.Error != "" {
		return 0, errors.New("natsqueue: who serves the quota says: " + a.Error)
	}
	return a.Wait, nil
}

// ServeQuota keeps the accounts of all processes at a server until stop is called. One process does
// that: with two, each answers a part of the draws, and the account is exceeded.
func ServeQuota(nc *nats.Conn) (stop func() error, err error) {
	b := &bank{accounts: map[string]*account{}}
	sub, err := nc.Subscribe(quotaSubject, func(m *nats.Msg) {
		var asked ask
		var a answer
		if err := json.Unmarshal(m.Data, &asked); err != nil {
			a.Error = "the request is not readable"
		} else {
			a.Wait = b.take(time.Now(), asked.Account, asked.Draw)
		}
		if data, err := json.Marshal(a); err == nil {
			_ = m.Respond(data) // who asked asks again
		}
	})
	if err != nil {
		return nil, fmt.Errorf("natsqueue: %w", err)
	}
	return sub.Unsubscribe, nil
}

// bank has the accounts.
type bank struct {
	mu       sync.Mutex
	accounts map[string]*account
	swept    time.Time
}

func (b *bank) take(now time.Time, name string, d middleware.Draw) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.swept) > time.Hour {
		for name, a := range b.accounts {
			if now.Sub(a.at) > 24*time.Hour {
				delete(b.accounts, name)
			}
		}
		b.swept = now
	}
	a := b.accounts[name]
	if a == nil {
		a = &account{at: now, requests: bucket{level: math.Inf(1)}, tokens: bucket{level: math.Inf(1)}}
		b.accounts[name] = a
	}
	return a.take(now, d)
}

// account is what one provider allows. It works as take.lua of package redislimit.
type account struct {
	at               time.Time
	requests, tokens bucket
	urgent           time.Time // when an interactive draw that had to wait asks again
}

// bucket may be in debt: who comes later waits until what was drawn before has been paid for. What
// bulk owes is paid back by nine tenths of the rate, so a small interactive draw need not wait for
// it.
type bucket struct{ level, owed float64 }

const (
	requestsFree = 0.06 // of a second's account, because arrivals are less even than departures
	tokensFree   = 0.08 // because their number is known only with the answer
	leastFree    = 0.02 // of a longer window's, in which what is late matters less
	bulkUsed     = 0.9
	turn         = 50 * time.Millisecond // an interactive caller has to ask again
)

func (a *account) take(now time.Time, d middleware.Draw) time.Duration {
	passed := max(0, now.Sub(a.at).Seconds())
	bulk := d.Lane == middleware.Bulk
	used := func(free float64) float64 { return 1 - max(leastFree, free/max(1, d.Window.Seconds())) }
	requests, wait := a.requests.draw(float64(d.RPM)/60*used(requestsFree), float64(d.RPM)/60, float64(d.Requests), passed, bulk)
	tokens, also := a.tokens.draw(float64(d.TPM)/60*used(tokensFree), float64(d.TPM)/60, float64(d.Tokens), passed, bulk)
	wait = max(wait, also)
	if bulk && a.urgent.After(now) && d.Requests > 0 {
		wait = max(wait, a.urgent.Sub(now)+turn)
	}
	switch {
	case wait <= d.Most || wait <= 0:
		a.at, a.requests, a.tokens = later(a.at, now), requests, tokens
	case !bulk && now.Add(wait).After(a.urgent):
		a.urgent = now.Add(wait)
	}
	return wait
}

// draw returns the bucket after a draw of n, and how long to wait before it. Rates are per second.
func (b bucket) draw(rate, allowed, n, passed float64, bulk bool) (bucket, time.Duration) {
	if rate <= 0 {
		return b, 0
	}
	burst := max(1, allowed*0.02)
	paid := min(b.owed, passed*rate*bulkUsed)
	level := min(burst, b.level+passed*rate-paid)
	owed := b.owed - paid
	lack := 0.0
	if n > 0 {
		need := min(n, burst)
		lack = need - level
		if !bulk && n <= rate*(1-bulkUsed) {
			lack = min(lack*10, lack+owed)
		} else {
			lack = max(lack+owed, (need-burst+owed)/bulkUsed)
		}
	}
	if bulk {
		owed = max(0, owed+n)
	} else {
		level = min(burst, level-n)
	}
	return bucket{level, owed}, time.Duration(math.Ceil(max(0, lack)/rate*1e6)) * time.Microsecond
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
