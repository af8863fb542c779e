package load

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

var texts = []string{"one text", "another text", "a third one"}

func fake(script func(embedtest.Call) embedtest.Reply) *embedtest.Fake {
	return embedtest.NewFake(embedtest.FakeOptions{Script: script})
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(func(c embedtest.Call) embedtest.Reply {
			r := embedtest.Reply{Latency: 10 * time.Millisecond}
			if c.Number == 5 {
				r.Latency = time.Second
			}
			if c.Number == 6 {
				r.Err = &embedding.Error{Kind: embedding.RateLimited}
			}
			return r
		})
		res, err := Closed(t.Context(), f, texts, Options{Batch: 2, Requests: 10, Warmup: 2})
		expect.NoError(t, err)
		expect.Equal(t, "requests and warm-up", [2]int{res.Requests, res.Warmup}, [2]int{10, 2})
		expect.Equal(t, "answered and failed", [2]int{len(res.Latency), len(res.Failed)}, [2]int{9, 1})
		expect.Equal(t, "texts", res.Texts, 18)
		expect.Equal(t, "requests at once", f.Peak(), 1)
		if res.Errors["rate limited"] != 1 || !near(res.Failed[0], .01) {
			t.Errorf("errors %v, timed %v", res.Errors, res.Failed)
		}
		if !near(res.Quantile(.5), .01) || !near(res.Quantile(1), 1) || !near(res.Elapsed, 1.09) || !near(res.PerSecond(), 18/1.09) {
			t.Errorf("p50 %v, max %v, %v elapsed, %v texts/s", res.Quantile(.5), res.Quantile(1), res.Elapsed, res.PerSecond())
		}
		if !res.Metered || res.Tokens == 0 {
			t.Errorf("%d tokens, metered %v", res.Tokens, res.Metered)
		}
	})
}

// A server that hangs for a second once: the closed loop sees one slow request, the open loop every
// request that was due meanwhile. This is the omission.
func TestOpenSeesTheStall(t *testing.T) {
	stall := func() *embedtest.Fake {
		var end atomic.Pointer[time.Time]
		return fake(func(c embedtest.Call) embedtest.Reply {
			if c.Number == 11 {
				at := c.At.Add(time.Second)
				end.Store(&at)
			}
			if e := end.Load(); e != nil && c.At.Before(*e) {
				return embedtest.Reply{Latency: e.Sub(c.At)}
			}
			return embedtest.Reply{Latency: time.Millisecond}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		closed, err := Closed(t.Context(), stall(), texts, Options{Requests: 100, Warmup: -1})
		expect.NoError(t, err)
		open, err := Open(t.Context(), stall(), texts, Options{Requests: 200, Warmup: -1, Rate: 100, Parallel: 1000})
		expect.NoError(t, err)
		if slow(closed) != 1 || slow(open) != 90 {
			t.Errorf("%d slow requests in the closed loop, %d in the open one; want 1 and the 90 that were due in the second", slow(closed), slow(open))
		}
	})
}

func slow(r Result) (n int) {
	for _, l := range r.Latency {
		if l > .1 {
			n++
		}
	}
	return n
}

// If more requests are due than may be in flight, the wait for a slot counts.
func TestOpenCountsTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: 100 * time.Millisecond} })
		res, err := Open(t.Context(), f, texts, Options{Requests: 20, Warmup: -1, Rate: 20, Parallel: 1})
		expect.NoError(t, err)
		// Request i is due after i*50 ms and answered after (i+1)*100.
		if f.Peak() != 1 || !near(res.Quantile(1), 2-.95) || !near(res.Quantile(.05), .1) || !near(res.Elapsed, 2) {
			t.Errorf("peak %d, %v", f.Peak(), res.Latency)
		}
	})
}

func TestMostAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := fake(func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: time.Second} })
		res, err := Closed(t.Context(), f, texts, Options{Requests: 100, Warmup: -1, Most: 3 * time.Second})
		if err != nil || res.Requests != 3 {
			t.Errorf("%d requests in 3 s of one second each, %v", res.Requests, err)
		}
		for name, run := range map[string]func(context.Context, embedding.Embedder, []string, Options) (Result, error){"closed": Closed, "open": Open} {
			ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
			res, err = run(ctx, f, texts, Options{Requests: 100, Warmup: -1, Rate: 1})
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || res.Requests == 0 || len(res.Failed) != 0 {
				t.Errorf("%s: %d requests, %d failed, %v", name, res.Requests, len(res.Failed), err)
			}
		}
	})
}

func TestUnmetered(t *testing.T) {
	f := fake(func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(r *embedding.Response) { r.Usage = embedding.Usage{Requests: 1, Unmetered: 1} }}
	})
	res, err := Closed(t.Context(), f, texts, Options{Requests: 3})
	if err != nil || res.Metered || res.Tokens == 0 {
		t.Errorf("%d tokens, metered %v, %v", res.Tokens, res.Metered, err)
	}
}

func TestRefused(t *testing.T) {
	if _, err := Closed(t.Context(), fake(nil), nil, Options{}); err == nil {
		t.Error("no text, no error")
	}
	for _, rate := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := Open(t.Context(), fake(nil), texts, Options{Rate: rate}); err == nil {
			t.Errorf("rate %v, no error", rate)
		}
	}
}

// Least adds requests until the time has passed, but does not hammer a server that refuses.
func TestLeast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			took        time.Duration
			fails, want int
		}{{time.Millisecond, 0, 1000}, {time.Second, 0, 5}, {time.Millisecond, 3, 5}, {time.Millisecond, 70, 70}} {
			f := fake(func(call embedtest.Call) embedtest.Reply {
				r := embedtest.Reply{Latency: c.took}
				if call.Number == c.fails {
					r.Err = &embedding.Error{Kind: embedding.RateLimited}
				}
				return r
			})
			res, err := Closed(t.Context(), f, texts, Options{Requests: 5, Warmup: -1, Least: time.Second})
			expect.NoError(t, err)
			expect.Equal(t, "requests", res.Requests, c.want)
		}
	})
}
