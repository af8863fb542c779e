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

func slow(d time.Duration) func(embedtest.Call) embedtest.Reply {
	return func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: d} }
}

func TestCoalesceAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: slow(time.Second)})
		e := embedding.Chain(f, Coalesce(CoalesceOptions{}))
		var wg sync.WaitGroup
		var mu sync.Mutex
		var sum embedding.Usage
		for _, in := range [][]string{{"a", "b", "a"}, {"b", "c"}, {"c", "a"}, {"d"}} {
			wg.Go(func() {
				req := embedding.Request{Texts: in}
				res, err := e.Embed(t.Context(), req)
				if err != nil || right(t, f, req, res) != len(in) {
					t.Errorf("%v: got %v or wrong vectors", in, err)
				}
				mu.Lock()
				defer mu.Unlock()
				sum = sum.Add(res.Usage)
			})
			synctest.Wait()
		}
		wg.Wait()
		for _, text := range []string{"a", "b", "c", "d"} {
			expect.Equal(t, text+", times billed", f.Billed(text), 1)
		}
		want := f.Ledger()
		want.Reused = 4
		expect.Equal(t, "the sum of the usage", sum, want)
		if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}}); err != nil || f.Billed("a") != 2 {
			t.Errorf("Coalesce remembers what is in flight, not what was: billed %d times, %v", f.Billed("a"), err)
		}
	})
}

func TestCoalesceTellsTasksApart(t *testing.T) {
	for _, symmetric := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := embedtest.NewFake(embedtest.FakeOptions{Script: slow(time.Second), Model: embedding.Model{Symmetric: symmetric}})
			e := embedding.Chain(f, Coalesce(CoalesceOptions{}))
			var wg sync.WaitGroup
			for task := range embedding.TaskClustering {
				wg.Go(func() {
					req := embedding.Request{Texts: []string{"a"}, Task: task}
					res, err := e.Embed(t.Context(), req)
					if err != nil || right(t, f, req, res) != 1 {
						t.Errorf("task %v: got %v or a wrong vector", task, err)
					}
				})
			}
			wg.Wait()
			if want := map[bool]int{false: 4, true: 1}[symmetric]; f.Billed("a") != want {
				t.Errorf("symmetric %v: billed %d times", symmetric, f.Billed("a"))
			}
		})
	}
}

func TestCoalesceCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: slow(10 * time.Second)})
		e := embedding.Chain(f, Coalesce(CoalesceOptions{}))
		first, cancel := context.WithCancel(t.Context())
		var sum embedding.Usage
		var wg sync.WaitGroup
		wg.Go(func() {
			start := time.Now()
			_, err := e.Embed(first, embedding.Request{Texts: []string{"a", "b"}})
			if !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
				t.Errorf("the one who left: %v after %v", err, time.Since(start))
			}
		})
		synctest.Wait()
		wg.Go(func() {
			req := embedding.Request{Texts: []string{"b"}}
			res, err := e.Embed(t.Context(), req)
			if err != nil || right(t, f, req, res) != 1 {
				t.Errorf("the one who stayed: %v", err)
			}
			sum = res.Usage
		})
		synctest.Wait()
		time.Sleep(time.Second)
		cancel()
		wg.Wait()
		if want := f.Ledger(); sum.Requests != want.Requests || sum.Tokens != want.Tokens || f.Billed("b") != 1 {
			t.Errorf("usage %+v, billed %+v: the one who stayed is to hear of it", sum, want)
		}
	})
}

func TestCoalesceLastOneOutCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: slow(time.Hour)})
		e := embedding.Chain(f, Coalesce(CoalesceOptions{}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := e.Embed(ctx, embedding.Request{Texts: []string{"a"}}); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		expect.Equal(t, "took", time.Since(start), time.Second)
		synctest.Wait()
		if calls := f.Calls(); len(calls) != 1 || !errors.Is(calls[0].Err, context.Canceled) {
			t.Errorf("the call was not canceled: %+v", calls)
		}
	})
}

// TestCoalesceAfterACallWithoutCallers: a provider that goes on after it was canceled answers while
// another call for the same text is in flight. That one can still be joined.
func TestCoalesceAfterACallWithoutCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
			time.Sleep(10 * time.Second) // whether anybody waits or not
			return embedtest.Reply{}
		}})
		e := embedding.Chain(f, Coalesce(CoalesceOptions{}))
		var wg sync.WaitGroup
		for _, c := range []struct{ after, patience time.Duration }{{0, time.Second}, {5 * time.Second, time.Hour}, {12 * time.Second, time.Hour}} {
			wg.Go(func() {
				time.Sleep(c.after)
				ctx, cancel := context.WithTimeout(t.Context(), c.patience)
				defer cancel()
				if _, err := e.Embed(ctx, embedding.Request{Texts: []string{"a"}}); (err != nil) != (c.after == 0) {
					t.Errorf("after %v: got the error %v", c.after, err)
				}
			})
		}
		wg.Wait()
		expect.Equal(t, "calls", len(f.Calls()), 2)
	})
}

func TestCoalesceWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 10}}})
		e := embedding.Chain(f, Coalesce(CoalesceOptions{Window: 5 * time.Millisecond}))
		start := time.Now()
		var wg sync.WaitGroup
		var mu sync.Mutex
		var sum embedding.Usage
		var longest time.Duration
		for _, text := range texts(25) {
			wg.Go(func() {
				req := embedding.Request{Texts: []string{text}}
				res, err := e.Embed(t.Context(), req)
				if err != nil || right(t, f, req, res) != 1 {
					t.Errorf("got %v or a wrong vector", err)
				}
				mu.Lock()
				defer mu.Unlock()
				sum = sum.Add(res.Usage)
				longest = max(longest, time.Since(start))
			})
		}
		wg.Wait()
		expect.Equal(t, "requests of at most 10 for 25 texts at once", len(f.Calls()), 3)
		expect.Equal(t, "the sum of the usage", sum, f.Ledger())
		expect.Equal(t, "the longest wait", longest, 5*time.Millisecond)
		// One who leaves while texts are gathered takes nobody along.
		ctx, cancel := context.WithCancel(t.Context())
		wg.Go(func() { _, _ = e.Embed(ctx, embedding.Request{Texts: []string{"x"}}) })
		synctest.Wait()
		wg.Go(func() {
			if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"y"}}); err != nil {
				t.Errorf("got the error %v, want none", err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Millisecond, cancel)
			if _, err := e.Embed(ctx, embedding.Request{Texts: []string{"z"}}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		wg.Wait()
		expect.Equal(t, "times that a text whose only caller had left was sent", f.Billed("z"), 0)
	})
}

func TestCoalesceSharesFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
			return embedtest.Reply{Latency: time.Second, Each: func(text string) error {
				if text == "bad" {
					return &embedding.Error{Kind: embedding.Rejected}
				}
				return nil
			}}
		}})
		e := embedding.Chain(f, Coalesce(CoalesceOptions{}))
		var wg sync.WaitGroup
		for _, in := range [][]string{{"a", "bad"}, {"bad", "a", "b"}, {"bad"}} {
			wg.Go(func() {
				req := embedding.Request{Texts: in}
				res, err := e.Embed(t.Context(), req)
				if !errors.Is(err, embedding.Rejected) || right(t, f, req, embedding.Salvage(res, err)) != len(in)-1 {
					t.Errorf("%v: got %v, want Rejected with the other vectors", in, err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
	})
}

// TestCallersDoNotShareTheirRows: rows are shared, the slice that holds them is each caller's own.
func TestCallersDoNotShareTheirRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: slow(time.Second)})
		e := embedding.Chain(f, Coalesce(CoalesceOptions{}))
		req := embedding.Request{Texts: []string{"a", "b"}}
		answers := make(chan embedding.Response, 2)
		for range 2 {
			go func() {
				res, err := e.Embed(t.Context(), req)
				if err != nil {
					t.Errorf("got the error %v, want none", err)
				}
				answers <- res
			}()
		}
		one, two := <-answers, <-answers
		one.Vectors[0] = nil
		expect.Equal(t, "the second caller's row", two.Vectors[0], f.Vector(0, "a"))
	})
}

// A server that asks for 30 s, and callers with less time: Retry knows their deadlines in a shared
// call too, and each caller hears the server's reason.
func TestCoalesceTellsDeadlines(t *testing.T) {
	reason := func(err error) bool {
		e, ok := errors.AsType[*embedding.Error](err)
		return ok && e.Kind == embedding.RateLimited && e.RetryAfter == 30*time.Second
	}
	type caller struct {
		after, timeout time.Duration // a timeout of 0: no deadline
		ends           time.Duration // after the caller's start
		expired        bool          // with DeadlineExceeded, and the reason behind it
		fails          bool
	}
	for name, callers := range map[string][]caller{
		"one, too short":           {{timeout: 5 * time.Second, fails: true}},
		"one, long enough":         {{timeout: time.Minute, ends: 30 * time.Second}},
		"one without a deadline":   {{ends: 30 * time.Second}},
		"two, both too short":      {{timeout: 5 * time.Second, fails: true}, {timeout: 9 * time.Second, fails: true}},
		"a short and a long one":   {{timeout: 5 * time.Second, ends: 5 * time.Second, expired: true}, {timeout: time.Minute, ends: 30 * time.Second}},
		"a long one joins later":   {{timeout: 40 * time.Second, ends: 30 * time.Second}, {after: time.Second, ends: 29 * time.Second}},
		"a short one joins later":  {{ends: 30 * time.Second}, {after: time.Second, timeout: time.Second, ends: time.Second, expired: true}},
		"the long one has to wait": {{timeout: time.Second, ends: time.Second, expired: true}, {timeout: 31 * time.Second, ends: 30 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, refusal := &target{}, failed(embedding.RateLimited, 30*time.Second)
				p.fail = func(call int, text string) error {
					if call == 1 {
						time.Sleep(time.Millisecond) // all callers who start at once are there
						return refusal
					}
					return nil
				}
				e := embedding.Chain(p, Standard(StandardOptions{Breaker: BreakerOptions{Failures: -1}}))
				var wg sync.WaitGroup
				for i, c := range callers {
					wg.Go(func() {
						time.Sleep(c.after)
						ctx := t.Context()
						if c.timeout > 0 {
							var cancel context.CancelFunc
							ctx, cancel = context.WithTimeout(ctx, c.timeout)
							defer cancel()
						}
						began := time.Now()
						err := ask(ctx, e, "a", "b")
						if took := time.Since(began).Truncate(time.Second); took != c.ends {
							t.Errorf("caller %d: ended after %v, want %v (%v)", i, took, c.ends, err)
						}
						if (err != nil) != (c.fails || c.expired) || err != nil && !reason(err) {
							t.Errorf("caller %d: got the error %v, want the server's reason: %v", i, err, c.fails || c.expired)
						}
						if errors.Is(err, context.DeadlineExceeded) != c.expired {
							t.Errorf("caller %d: got the error %v, want DeadlineExceeded: %v", i, err, c.expired)
						}
						if _, partial := errors.AsType[*embedding.PartialError](err); partial {
							t.Errorf("caller %d: got the PartialError %v, want one plain error", i, err)
						}
					})
				}
				wg.Wait()
			})
		})
	}
}

// The last caller's deadline passes while a request is under way that follows a refusal.
func TestCoalesceKeepsTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
			if calls++; calls == 1 {
				return embedtest.Reply{Err: failed(embedding.Unavailable, time.Second)}
			}
			return embedtest.Reply{Latency: time.Hour}
		}})
		e := embedding.Chain(f, Coalesce(CoalesceOptions{}), Retry(RetryOptions{}))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := e.Embed(ctx, embedding.Request{Texts: []string{"a"}})
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, embedding.Unavailable) {
			t.Errorf("got the error %v, want DeadlineExceeded and the last failure", err)
		}
	})
}

// A layer inside may ask its own chain with its own context: the deadline is then of a call within
// a call, and of one coalescer.
func TestCoalesceInsideItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &target{}
		p.fail = func(_ int, text string) error {
			if text == "inner" {
				return failed(embedding.RateLimited, 30*time.Second)
			}
			return nil
		}
		var e embedding.Embedder
		again := func(next embedding.Embedder) embedding.Embedder {
			return embedding.Wrap(next, next.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
				if req.Texts[0] == "outer" {
					return e.Embed(ctx, embedding.Request{Texts: []string{"inner"}})
				}
				return next.Embed(ctx, req)
			})
		}
		e = embedding.Chain(p, Coalesce(CoalesceOptions{}), again, Retry(RetryOptions{}))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		if err := ask(ctx, e, "outer"); !errors.Is(err, embedding.RateLimited) || time.Since(began) > 0 {
			t.Errorf("got the error %v after %v, want RateLimited at once", err, time.Since(began))
		}
	})
}

// Limit's rule for a wait that would end after the deadline holds for the callers of a shared call.
func TestCoalesceTellsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := embedding.Chain(&target{}, Coalesce(CoalesceOptions{}), Limit(LimitOptions{RPM: 6}))
		expect.NoError(t, ask(t.Context(), e, "first"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		err := ask(ctx, e, "second")
		if x, ok := errors.AsType[*embedding.Error](err); !ok || x.Code != CodeLimit || time.Since(began) > 0 {
			t.Errorf("got the error %v after %v, want %s at once", err, time.Since(began), CodeLimit)
		}
		expect.NoError(t, ask(t.Context(), e, "third"))
	})
}
