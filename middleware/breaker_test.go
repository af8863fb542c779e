package middleware

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// TestBreakerOfABusyAccount: a provider that serves some of the requests is not down, whatever it
// says of the others.
func TestBreakerOfABusyAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &target{}
		e := embedding.Chain(p, Breaker(BreakerOptions{Failures: 3}))
		refused := failed(embedding.RateLimited, 30*time.Second)
		expect.NoError(t, ask(t.Context(), e, "a"))
		p.set(refused)
		for range 10 {
			_ = ask(t.Context(), e, "a")
		}
		expect.Equal(t, "requests after a success", p.calls, 11)

		// Nothing was served yet, and eight that were sent at once are refused: the last answer tells.
		p = &target{whole: refused}
		e = embedding.Chain(p, Breaker(BreakerOptions{Failures: 3}))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { _ = ask(t.Context(), e, "a") })
		}
		wg.Wait()
		p.set(nil)
		if err := ask(t.Context(), e, "a"); !errors.Is(err, embedding.Unavailable) {
			t.Errorf("nothing was ever served: got %v, want an open circuit", err)
		}

		// One that is under way may be served yet.
		p = &target{latency: time.Second}
		e = embedding.Chain(p, Breaker(BreakerOptions{Failures: 3}))
		wg.Go(func() { expect.NoError(t, ask(t.Context(), e, "a")) })
		synctest.Wait()
		p.set(refused)
		p.latency = 0
		for range 5 {
			_ = ask(t.Context(), e, "a")
		}
		wg.Wait()
		p.set(nil)
		expect.NoError(t, ask(t.Context(), e, "a"))
	})
}

// TestBreakerHearsNothingOfOurs: what a layer of ours or the guard answers says nothing of the
// provider.
func TestBreakerHearsNothingOfOurs(t *testing.T) {
	run := func(name string, f func(*testing.T)) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
	}
	run("a failure", func(t *testing.T) {
		p := &target{}
		ours := &embedding.Error{Kind: embedding.RateLimited, Code: CodeLocalLimit, RetryAfter: time.Minute}
		e := embedding.Chain(p, Breaker(BreakerOptions{Failures: 1}))
		for _, code := range []string{CodeLocalLimit, CodeQuota, CodeCircuitOpen, CodeLocalBudget} {
			for _, kind := range []embedding.Kind{embedding.RateLimited, embedding.Unavailable} {
				own := *ours
				own.Kind, own.Code = kind, code
				p.set(&own)
				_ = ask(t.Context(), e, "a")
			}
		}
		p.set(nil)
		expect.NoError(t, ask(t.Context(), e, "a"))
	})
	// One caller with little time is told so by Limit; the next one, with more, is served.
	run("a wait that is too long", func(t *testing.T) {
		e := embedding.Chain(&target{}, Breaker(BreakerOptions{Failures: 1}), Limit(LimitOptions{RPM: 6}))
		expect.NoError(t, ask(t.Context(), e, "a"))
		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := ask(short, e, "a"); !errors.Is(err, embedding.RateLimited) {
			t.Errorf("got %v, want to be told by Limit", err)
		}
		expect.NoError(t, ask(t.Context(), e, "a"))
	})
	run("a success", func(t *testing.T) {
		p := &target{whole: failed(embedding.Unavailable, 0)}
		e := embedding.Chain(p, Breaker(BreakerOptions{Failures: 3}))
		for range 3 {
			_ = ask(t.Context(), e, "a")
			if err := ask(t.Context(), e, " "); !errors.Is(err, embedding.Rejected) && !errors.Is(err, embedding.Unavailable) {
				t.Errorf("a blank text: got %v, want it refused", err)
			}
		}
		expect.Equal(t, "requests", p.calls, 3)
		time.Sleep(5 * time.Second)
		_ = ask(t.Context(), e, " ") // a blank text is no trial
		_ = ask(t.Context(), e, "a")
		if err := ask(t.Context(), e, "a"); err == nil || p.calls != 4 {
			t.Errorf("%d requests, then %v, want 4 and an open circuit", p.calls, err)
		}
	})
}
