package middleware

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &target{}
		e := embedding.Chain(p, Breaker(BreakerOptions{Failures: 3, Cooldown: 10 * time.Second}))
		p.set(failed(embedding.Unavailable, 0))
		for i := range 6 {
			err := ask(t.Context(), e, "a")
			ours, _ := errors.AsType[*embedding.Error](err)
			if open := ours.Code == CodeOpen; open != (i >= 3) || open && (ours.RetryAfter != 10*time.Second || ours.Kind != embedding.Unavailable) {
				t.Errorf("call %d: %v", i, err)
			}
		}
		expect.Equal(t, "calls that went through", p.calls, 3)
		time.Sleep(10 * time.Second)
		p.latency = time.Second
		var wg sync.WaitGroup
		wg.Go(func() { ask(t.Context(), e, "trial") })
		synctest.Wait()
		if err := ask(t.Context(), e, "beside"); !errors.Is(err, embedding.Unavailable) || p.calls != 4 {
			t.Errorf("beside the trial: %v, %d calls", err, p.calls)
		}
		wg.Wait() // the trial fails: open again, for twice as long
		p.latency = 0
		p.set(nil)
		time.Sleep(19 * time.Second)
		if err := ask(t.Context(), e, "a"); err == nil {
			t.Error("closed too early")
		}
		time.Sleep(time.Second)
		for range 3 {
			expect.NoError(t, ask(t.Context(), e, "a"))
		}
	})
}

// TestBreakerTries: however long an outage takes, the provider is tried every 10 s.
func TestBreakerTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var tries []time.Duration
		f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
			tries = append(tries, time.Since(start))
			return embedtest.Reply{Err: failed(embedding.Unavailable, 0)}
		}})
		e := embedding.Chain(f, Breaker(BreakerOptions{Failures: 1}))
		for time.Since(start) < 40*time.Second {
			ask(t.Context(), e, "a")
			time.Sleep(time.Second)
		}
		expect.Equal(t, "tries", tries, []time.Duration{0, 5 * time.Second, 15 * time.Second, 25 * time.Second, 35 * time.Second})
	})
}

// TestBreakerOfCallsFromBefore: of calls from before the circuit opened, a success counts once the
// circuit may be tried. The trial may stand behind them in Limit's queue.
func TestBreakerOfCallsFromBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := map[string]time.Duration{"fails": time.Second, "soon": 2 * time.Second, "late": 8 * time.Second, "trial": time.Minute}
		f := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
			reply := embedtest.Reply{Latency: took[c.Request.Texts[0]]}
			if c.Request.Texts[0] == "fails" {
				reply.Err = failed(embedding.Unavailable, 0)
			}
			return reply
		}})
		e := embedding.Chain(f, Breaker(BreakerOptions{Failures: 1}))
		embed := func(text string) error {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{text}})
			return err
		}
		var wg sync.WaitGroup
		defer wg.Wait()
		for _, text := range []string{"fails", "soon", "late"} {
			wg.Go(func() { _ = embed(text) })
		}
		time.Sleep(3 * time.Second) // open for three seconds more
		if err := embed("a"); !errors.Is(err, embedding.Unavailable) {
			t.Errorf("after a success in the cooldown: got %v, want an open circuit", err)
		}
		time.Sleep(4 * time.Second)
		wg.Go(func() { _ = embed("trial") })
		synctest.Wait()
		if err := embed("a"); !errors.Is(err, embedding.Unavailable) {
			t.Errorf("beside the trial: got %v, want an open circuit", err)
		}
		time.Sleep(2 * time.Second)
		expect.NoError(t, embed("a"))
	})
}

// TestBreakerBesideASlowAccount: an outage of twelve seconds costs no text, although the account
// takes eight requests a minute and the trial stands behind those that wait.
func TestBreakerBesideASlowAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) (r embedtest.Reply) {
			r.Latency = 3 * time.Second
			if time.Since(start) < 12*time.Second {
				r.Err = failed(embedding.Unavailable, 0)
			}
			return r
		}})
		e := embedding.Chain(f, Standard(StandardOptions{Breaker: BreakerOptions{Failures: 1}, Limit: LimitOptions{RPM: 8}}))
		var wg sync.WaitGroup
		for _, text := range texts(40) {
			wg.Go(func() {
				_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{text}})
				expect.NoError(t, err)
			})
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
	})
}

func TestBreakerObeysTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &target{whole: failed(embedding.RateLimited, 30*time.Second)}
		e := embedding.Chain(p, Breaker(BreakerOptions{}))
		ask(t.Context(), e, "a")
		time.Sleep(10 * time.Second)
		err := ask(t.Context(), e, "a")
		if ours, _ := errors.AsType[*embedding.Error](err); ours == nil || ours.RetryAfter != 20*time.Second || p.calls != 1 {
			t.Errorf("got %v after %d requests, want a RetryAfter of 20s after 1", err, p.calls)
		}
	})
}

func TestBreakerCountsOnlyOutages(t *testing.T) {
	p := &target{}
	e := embedding.Chain(p, Breaker(BreakerOptions{Failures: 1}))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range []error{failed(embedding.Rejected, 0), failed(embedding.Auth, 0), failed(embedding.TooLarge, 0), errors.New("foreign")} {
		p.set(err)
		ask(t.Context(), e, "a")
	}
	p.set(failed(embedding.Unavailable, 0))
	ask(gone, e, "a") // the caller's own end
	p.set(nil)
	expect.NoError(t, ask(t.Context(), e, "a"))
	// A PartialError is an outage if one of its texts met one.
	p.fail = func(_ int, text string) error {
		if text == "b" {
			return failed(embedding.Unavailable, 0)
		}
		return nil
	}
	ask(t.Context(), e, "a", "b")
	if err := ask(t.Context(), e, "a"); !errors.Is(err, embedding.Unavailable) {
		t.Error("a partial outage was taken for health")
	}
}

// TestBreakerTellsWhy: who is refused by an open circuit hears what opened it.
func TestBreakerTellsWhy(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Unavailable, Err: errors.New("connection refused")}}
	}})
	e := embedding.Chain(f, Breaker(BreakerOptions{Failures: 1}))
	for range 2 {
		_, err := e.Embed(t.Context(), embedding.Request{Texts: texts(1)})
		expect.Says(t, "the error", err, "connection refused")
	}
	expect.Equal(t, "calls", len(f.Calls()), 1)
}

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
		ours := &embedding.Error{Kind: embedding.RateLimited, Code: CodeLimit, RetryAfter: time.Minute}
		e := embedding.Chain(p, Breaker(BreakerOptions{Failures: 1}))
		for _, code := range []string{CodeLimit, CodeQuota, CodeOpen, CodeBudget} {
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

// TestBreakerTriesAgainSoon where the server asks for a day.
func TestBreakerTriesAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &target{whole: failed(embedding.Unavailable, 24*time.Hour)}
		e := embedding.Chain(p, Breaker(BreakerOptions{}))
		_ = ask(t.Context(), e, "a")
		err := ask(t.Context(), e, "a")
		if ours, _ := errors.AsType[*embedding.Error](err); ours == nil || ours.RetryAfter != time.Minute || p.calls != 1 {
			t.Errorf("got %v after %d calls, want a minute and 1 call", err, p.calls)
		}
		p.set(nil)
		time.Sleep(time.Minute)
		if err := ask(t.Context(), e, "a"); err != nil || p.calls != 2 {
			t.Errorf("a minute later: got %v after %d calls, want none after 2", err, p.calls)
		}
	})
}
