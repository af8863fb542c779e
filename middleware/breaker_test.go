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
	"github.com/vecspace/embedding/embedtest"
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
		if p.calls != 3 {
			t.Errorf("%d calls went through", p.calls)
		}
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
			if err := ask(t.Context(), e, "a"); err != nil {
				t.Errorf("got the error %v, want none", err)
			}
		}
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
	if err := ask(t.Context(), e, "a"); err != nil {
		t.Errorf("got the error %v, want none", err)
	}
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
		if err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("got %v", err)
		}
	}
	if n := len(f.Calls()); n != 1 {
		t.Errorf("%d calls", n)
	}
}
