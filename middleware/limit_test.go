package middleware

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestLimitSpreadsRequestsAndTokens(t *testing.T) {
	for name, c := range map[string]struct {
		o    LimitOptions
		text string
		want time.Duration // until the 30th request has started
	}{
		"requests":                      {LimitOptions{RPM: 60}, "a", 29 * time.Second},
		"a pause saves one request":     {LimitOptions{RPM: 600}, "a", 2900 * time.Millisecond},
		"or a fiftieth of a second's":   {LimitOptions{RPM: 6000}, "a", 280 * time.Millisecond},
		"tokens":                        {LimitOptions{TPM: 60}, "a", 29 * time.Second},
		"larger than a second's tokens": {LimitOptions{TPM: 600}, strings.Repeat("12345", 4), 29 * 2 * time.Second},
		"none":                          {LimitOptions{RPM: -1}, "a", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &target{tokens: embedding.EstimateTokens(c.text)}
				e := embedding.Chain(p, Limit(c.o))
				start := time.Now()
				var wg sync.WaitGroup
				for range 30 {
					wg.Go(func() {
						if err := ask(t.Context(), e, c.text); err != nil {
							t.Errorf("got the error %v, want none", err)
						}
					})
				}
				wg.Wait()
				expect.Equal(t, "took", time.Since(start).Round(time.Millisecond), c.want)
				for i, at := range p.starts { // never more in any second than a second's share
					in := 0
					for _, other := range p.starts[i:] {
						if other.Sub(at) < time.Second {
							in++
						}
					}
					if c.o.RPM > 0 && in > max(1, c.o.RPM/60) {
						t.Fatalf("%d requests in one second", in)
					}
				}
			})
		})
	}
}

func TestLimitSettlesByUsage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &target{tokens: 1}
		e := embedding.Chain(p, Limit(LimitOptions{TPM: 600})) // 10 a second
		start := time.Now()
		for range 10 {
			ask(t.Context(), e, strings.Repeat("abcd ", 10)) // estimated 10, billed 1
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("an estimate was kept: %v", took)
		}
	})
}

func TestLimitTellsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &target{}
		e := embedding.Chain(p, Limit(LimitOptions{RPM: 1}))
		expect.NoError(t, ask(t.Context(), e, "a"))
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		err := ask(ctx, e, "b")
		ours, ok := errors.AsType[*embedding.Error](err)
		if !ok || ours.Kind != embedding.RateLimited || ours.RetryAfter != time.Minute || ours.Code != CodeLimit || time.Since(start) > 0 {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		// What was refused or left gives its place back: the next one waits one minute, not three.
		gone, leave := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Second); leave() }()
		if err := ask(gone, e, "c"); err != context.Canceled {
			t.Errorf("a caller who left: got %v, want context.Canceled", err)
		}
		if err := ask(t.Context(), e, "d"); err != nil || time.Since(start).Round(time.Second) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestLimitInFlightAndSharedAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := Limit(LimitOptions{InFlight: 2}) // one account, two chains
		p := &target{latency: time.Second}
		a, b := embedding.Chain(p, limit), embedding.Chain(p, limit)
		start := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { ask(t.Context(), a, "a") })
			wg.Go(func() { ask(t.Context(), b, "b") })
		}
		wg.Wait()
		expect.Equal(t, "6 calls of a second, 2 at once, took", time.Since(start), 3*time.Second)
		p.set(errors.New("no")) // a failure gives its slot back too
		for range 5 {
			ask(t.Context(), a, "a")
		}
	})
}
