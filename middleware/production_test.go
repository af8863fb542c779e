package middleware

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// target is a provider of the tests of Limit, Breaker and what stands beside them: it answers every text alike, after a while, until told to fail.
type target struct {
	m       embedding.Model
	latency time.Duration

	mu     sync.Mutex
	calls  int
	texts  []string
	fail   func(call int, text string) error // of one text; nil: none fails
	whole  error                             // of the whole request
	tokens int                               // a text's; 0: one
	starts []time.Time
}

func (p *target) Model() embedding.Model {
	m := p.m
	if m.Provider == "" {
		m = embedding.Model{Provider: "p", ID: "m", Space: "s", Dimensions: 1, Price: embedding.Price{PerMillion: 1e6, Currency: "USD"}}
	}
	return m
}

func (p *target) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	p.mu.Lock()
	p.calls++
	call, whole := p.calls, p.whole
	p.texts = append(p.texts, req.Texts...)
	p.starts = append(p.starts, time.Now())
	p.mu.Unlock()
	if p.latency > 0 {
		if err := sleep(ctx, p.latency); err != nil {
			return embedding.Response{}, err
		}
	}
	if whole != nil {
		return embedding.Response{}, whole
	}
	m := embedding.NewMerger(req.Len())
	good := 0
	for i, text := range req.Texts {
		if p.fail != nil {
			if err := p.fail(call, text); err != nil {
				m.Add([]int{i}, embedding.Response{}, err)
				continue
			}
		}
		good++
		m.Set(i, embedding.Row{Vector: []float32{float32(len(text))}})
	}
	if good > 0 {
		m.Use(embedding.Usage{Requests: 1, Tokens: good * max(1, p.tokens)})
	}
	return m.Result()
}

func (p *target) set(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.whole = err
}

func ask(ctx context.Context, e embedding.Embedder, texts ...string) error {
	res, err := e.Embed(ctx, embedding.Request{Texts: texts})
	for i, v := range embedding.Salvage(res, err).Vectors {
		if v != nil && v[0] != float32(len(texts[i])) {
			return fmt.Errorf("text %d has another text's vector", i)
		}
	}
	return err
}

func failed(kind embedding.Kind, after time.Duration) *embedding.Error {
	return &embedding.Error{Kind: kind, Status: 429, RetryAfter: after, Err: errors.New("scripted")}
}

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
		"larger than a second's tokens": {LimitOptions{TPM: 600}, strings.Repeat("abcd ", 20), 29 * 2 * time.Second},
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
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if took := time.Since(start).Round(time.Millisecond); took != c.want {
					t.Errorf("took %v, want %v", took, c.want)
				}
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
		if !ok || ours.Kind != embedding.RateLimited || ours.RetryAfter != time.Minute || ours.Code != CodeLocalLimit || time.Since(start) > 0 {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		// What was refused or left gives its place back: the next one waits one minute, not three.
		gone, leave := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Second); leave() }()
		if err := ask(gone, e, "c"); err != context.Canceled {
			t.Error(err)
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
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("6 calls of a second, 2 at once, took %v", took)
		}
		p.set(errors.New("no")) // a failure gives its slot back too
		for range 5 {
			ask(t.Context(), a, "a")
		}
	})
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &target{}
		e := embedding.Chain(p, Breaker(BreakerOptions{Failures: 3, Cooldown: 10 * time.Second}))
		p.set(failed(embedding.Unavailable, 0))
		for i := range 6 {
			err := ask(t.Context(), e, "a")
			ours, _ := errors.AsType[*embedding.Error](err)
			if open := ours.Code == CodeCircuitOpen; open != (i >= 3) || open && (ours.RetryAfter != 10*time.Second || ours.Kind != embedding.Unavailable) {
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
				t.Error(err)
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
			t.Errorf("%v, %d calls", err, p.calls)
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
		t.Error(err)
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
