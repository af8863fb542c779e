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
	"github.com/vecspace/embedding/internal/expect"
)

// failing answers by err until the time has come.
func failing(until time.Duration, err error) func(embedtest.Call) embedtest.Reply {
	start := time.Now()
	return func(embedtest.Call) embedtest.Reply {
		if time.Since(start) < until {
			return embedtest.Reply{Err: err}
		}
		return embedtest.Reply{}
	}
}

func TestRetryByKind(t *testing.T) {
	for kind := embedding.Unknown; kind < embedding.Partial; kind++ {
		synctest.Test(t, func(t *testing.T) {
			f := embedtest.NewFake(embedtest.FakeOptions{Script: failing(time.Second, &embedding.Error{Kind: kind, Status: 500})})
			_, err := embedding.Chain(f, Retry(RetryOptions{})).Embed(t.Context(), embedding.Request{Texts: texts(2)})
			again := kind == embedding.RateLimited || kind == embedding.Unavailable
			if n := len(f.Calls()); again != (err == nil) || again != (n > 1) {
				t.Errorf("%v: %d requests, %v", kind, n, err)
			}
		})
	}
}

func TestRetryWaits(t *testing.T) {
	for name, c := range map[string]struct {
		o        RetryOptions
		until    time.Duration
		after    time.Duration
		deadline time.Duration
		ok       bool
		min, max time.Duration
		calls    int // 0: any number
	}{
		"as the server says":        {o: RetryOptions{}, until: 7 * time.Second, after: 7 * time.Second, deadline: 0, ok: true, min: 7 * time.Second, max: 7 * time.Second, calls: 2},
		"not longer than MaxWait":   {o: RetryOptions{}, until: time.Hour, after: 61 * time.Second, deadline: 0, ok: false, min: 0, max: 0, calls: 1},
		"a 20 s outage":             {o: RetryOptions{}, until: 20 * time.Second, after: 0, deadline: 0, ok: true, min: 20 * time.Second, max: 31 * time.Second, calls: 0},
		"not longer than Budget":    {o: RetryOptions{Budget: 30 * time.Second}, until: time.Hour, after: 0, deadline: 0, ok: false, min: 15 * time.Second, max: 30 * time.Second, calls: 0},
		"not past the deadline":     {o: RetryOptions{}, until: time.Hour, after: 10 * time.Second, deadline: 5 * time.Second, ok: false, min: 0, max: 0, calls: 1},
		"not more than Attempts":    {o: RetryOptions{Attempts: 3}, until: time.Hour, after: time.Second, deadline: 0, ok: false, min: 2 * time.Second, max: 2 * time.Second, calls: 3},
		"not at all":                {o: RetryOptions{Budget: -1}, until: time.Hour, after: 0, deadline: 0, ok: false, min: 0, max: 0, calls: 1},
		"between pauses of its own": {o: RetryOptions{Pause: time.Minute, MaxPause: time.Minute, Budget: time.Hour}, until: time.Second, after: 0, deadline: 0, ok: true, min: time.Second, max: 5 * time.Minute, calls: 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				down := &embedding.Error{Kind: embedding.Unavailable, Status: 503, RetryAfter: c.after}
				f := embedtest.NewFake(embedtest.FakeOptions{Script: failing(c.until, down)})
				ctx := t.Context()
				if c.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.deadline)
					defer cancel()
				}
				start := time.Now()
				_, err := embedding.Chain(f, Retry(c.o)).Embed(ctx, embedding.Request{Texts: texts(1)})
				took := time.Since(start)
				if (err == nil) != c.ok || took < c.min || took > c.max {
					t.Errorf("took %v, %v", took, err)
				}
				if err != nil && !errors.Is(err, embedding.Unavailable) {
					t.Errorf("got %v, want the provider's error", err)
				}
				if n := len(f.Calls()); c.calls > 0 && n != c.calls {
					t.Errorf("%d requests, want %d", n, c.calls)
				}
			})
		})
	}
}

func TestRetryAsksOnlyForWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
			return embedtest.Reply{Each: func(text string) error {
				switch {
				case text == "text 2":
					return &embedding.Error{Kind: embedding.Rejected}
				case c.Number == 1 && text >= "text 4", c.Number == 2 && text == "text 6":
					return &embedding.Error{Kind: embedding.RateLimited}
				}
				return nil
			}}
		}})
		req := embedding.Request{Texts: texts(8)}
		_, err := embedding.Chain(f, Retry(RetryOptions{})).Embed(t.Context(), req)
		p, ok := errors.AsType[*embedding.PartialError](err)
		if !ok || len(p.Failed) != 1 || p.Failed[0].Index != 2 || right(t, f, req, p.Response) != 7 {
			t.Fatalf("got %v", err)
		}
		expect.Equal(t, "usage", p.Response.Usage, f.Ledger())
		var asked []string
		for _, c := range f.Calls()[1:] {
			asked = append(asked, strings.Join(c.Request.Texts, ","))
		}
		expect.Equal(t, "asked again for", strings.Join(asked, "; "), "text 4,text 5,text 6,text 7; text 6")
	})
}

// TestRetryInAnOutage: a thousand chunks do not wait one budget after the other.
func TestRetryInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{
			Model:  embedding.Model{Limits: embedding.Limits{Texts: 10}},
			Script: failing(time.Hour, &embedding.Error{Kind: embedding.Unavailable, Status: 503}),
		})
		e := embedding.Chain(f, Batch(BatchOptions{}), Retry(RetryOptions{}))
		start := time.Now()
		_, err := e.Embed(t.Context(), embedding.Request{Texts: texts(10000)})
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("gave up after %v, %v", took, err)
		}
		if !errors.Is(err, embedding.Unavailable) {
			t.Errorf("got %v", err)
		}
		time.Sleep(30 * time.Minute) // no calls; after the next failure the provider is back
		f2 := len(f.Calls())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, _ = e.Embed(ctx, embedding.Request{Texts: texts(1)})
		if len(f.Calls())-f2 < 3 {
			t.Errorf("a failure long after an outage was not retried")
		}
	})
}

func TestRetryThroughBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := &embedding.Error{Kind: embedding.Unavailable, Status: 503}
		f := embedtest.NewFake(embedtest.FakeOptions{
			Model:  embedding.Model{Limits: embedding.Limits{Texts: 10}},
			Script: failing(20*time.Second, down),
		})
		e := embedding.Chain(f, Standard(StandardOptions{}))
		req := embedding.Request{Texts: texts(1000)}
		start := time.Now()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				res, err := e.Embed(t.Context(), req)
				if err != nil || right(t, f, req, res) != 1000 {
					t.Errorf("got %v or wrong vectors", err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took > time.Minute {
			t.Errorf("a 20 s outage took %v", took)
		}
		refused := 0
		for _, c := range f.Calls() {
			if c.Err != nil {
				refused++
			}
		}
		if refused > 20 {
			t.Errorf("%d requests went to a provider that was down", refused)
		}
		for _, text := range req.Texts {
			if f.Billed(text) != 1 {
				t.Fatalf("%q was billed %d times for four callers at once", text, f.Billed(text))
			}
		}
	})
}

func TestRetryIsOverWhenTheCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: failing(time.Hour, &embedding.Error{Kind: embedding.Unavailable, RetryAfter: 10 * time.Second})})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		start := time.Now()
		_, err := embedding.Chain(f, Retry(RetryOptions{})).Embed(ctx, embedding.Request{Texts: texts(1)})
		if !errors.Is(err, context.Canceled) || time.Since(start) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// TestRetryWhenTheCallerLeavesAtTheSameMoment: a failure that only the caller's end keeps from
// being retried is the caller's end.
func TestRetryWhenTheCallerLeavesAtTheSameMoment(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "text 1" {
				cancel()
				return &embedding.Error{Kind: embedding.Unavailable, Status: 503}
			}
			return nil
		}}
	}})
	req := embedding.Request{Texts: texts(3)}
	_, err := embedding.Chain(f, Retry(RetryOptions{})).Embed(ctx, req)
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || !errors.Is(err, context.Canceled) || right(t, f, req, p.Response) != 2 {
		t.Errorf("got %v", err)
	}
}

// TestRetrySaysThatAWaitIsTooLong, of a call and of the texts of one, and keeps what it says else.
func TestRetrySaysThatAWaitIsTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("the day's quota is used up")
		long := &embedding.Error{Kind: embedding.RateLimited, Status: 429, RetryAfter: 24 * time.Hour, Err: why}
		part := &embedding.PartialError{
			Response: embedding.Response{Vectors: make([][]float32, 2), Usage: embedding.Usage{Requests: 1}},
			Failed:   []embedding.TextError{{Index: 0, Err: long}, {Index: 1, Err: long}},
		}
		for _, err := range []error{long, part} {
			f := embedtest.NewFake(embedtest.FakeOptions{Script: failing(1, err)})
			start := time.Now()
			_, got := Retry(RetryOptions{})(f).Embed(t.Context(), embedding.Request{Texts: []string{"a", "b"}})
			if got == nil || !strings.Contains(got.Error(), "the day's quota is used up; it is asked to wait longer than MaxWait, which is 1m0s") ||
				!errors.Is(got, embedding.RateLimited) || !errors.Is(got, why) || time.Since(start) > 0 {
				t.Errorf("got %v after %v, want the server's words and MaxWait, at once", got, time.Since(start))
			}
		}
		if strings.Contains(long.Error(), "MaxWait") {
			t.Errorf("the provider's own error was changed: %v", long)
		}
	})
}

// TestRetryCountsNoTurn: while other calls succeed, the time that a refused request waited for its
// turn in Limit is no part of its call's budget. A failure's time is.
func TestRetryCountsNoTurn(t *testing.T) {
	for _, kind := range []embedding.Kind{embedding.RateLimited, embedding.Unavailable} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			f := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
				if c.Request.Texts[0] == "other" {
					return embedtest.Reply{}
				}
				if n++; n > 4 {
					return embedtest.Reply{}
				}
				return embedtest.Reply{Latency: 50 * time.Second, Err: failed(kind, 0)}
			}})
			e := embedding.Chain(f, Retry(RetryOptions{}))
			go func() {
				for range 30 {
					time.Sleep(10 * time.Second)
					if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"other"}}); err != nil {
						t.Errorf("got the error %v of another call, want none", err)
					}
				}
			}()
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"text"}})
			if passed := err == nil; passed != (kind == embedding.RateLimited) {
				t.Errorf("%v after 50 s, four times: got %v after %d requests", kind, err, n)
			}
			time.Sleep(10 * time.Minute) // the others end
		})
	}
}
