package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
)

// job is one random case: callers that ask at the same time, through a random stack, a provider
// that fails in random ways.
type job struct {
	limits  embedding.Limits
	silent  bool
	cached  bool
	window  time.Duration
	limit   middleware.LimitOptions
	batch   middleware.BatchOptions
	callers [][]embedding.Request // of each caller, one after the other
	cancel  []time.Duration       // of each caller; 0: never
	faults  int                   // of ten attempts, how many fail
	partial bool                  // some fail for single texts only
	poison  embedding.Kind        // by which a request fails that holds the poison text
	seed    uint64
}

func drawJob(t *rapid.T) job {
	few := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
	j := job{
		limits: embedding.Limits{
			Texts: few("limit of texts", 6), Tokens: few("limit of tokens", 3) * 8, Bytes: few("limit of bytes", 3) * 12,
		},
		silent:  rapid.Bool().Draw(t, "silent"),
		cached:  rapid.Bool().Draw(t, "cached"),
		window:  time.Duration(few("window", 2)) * 3 * time.Millisecond,
		limit:   middleware.LimitOptions{InFlight: few("in flight", 3), RPM: few("rpm", 1) * 6000, TPM: few("tpm", 1) * 60000},
		batch:   middleware.BatchOptions{Parallel: few("parallel", 4), Limits: embedding.Limits{Texts: few("batch", 5)}},
		faults:  few("faults", 7),
		partial: rapid.Bool().Draw(t, "partial"),
		poison:  rapid.SampledFrom([]embedding.Kind{embedding.Malformed, embedding.Rejected}).Draw(t, "poison"),
		seed:    rapid.Uint64().Draw(t, "seed"),
	}
	// Few different texts, so that they meet; "bad 0" to "bad 2" are refused, "" is blank, and the
	// poison makes its request fail.
	text := rapid.Custom(func(t *rapid.T) string {
		n := rapid.IntRange(0, 24).Draw(t, "text")
		switch {
		case n == 0:
			return ""
		case n <= 3:
			return fmt.Sprintf("bad %d", n)
		case n == 4:
			return poison
		}
		return fmt.Sprintf("text %d", n)
	})
	for range rapid.IntRange(1, 4).Draw(t, "callers") {
		var reqs []embedding.Request
		for range rapid.IntRange(1, 3).Draw(t, "requests") {
			reqs = append(reqs, embedding.Request{
				Texts: rapid.SliceOfN(text, 0, 20).Draw(t, "texts"),
				Task:  embedding.Task(few("task", 1)),
			})
		}
		j.callers = append(j.callers, reqs)
		j.cancel = append(j.cancel, time.Duration(max(0, few("cancel", 300)-200))*20*time.Millisecond)
	}
	return j
}

const poison = "poison"

func bad(text string) bool { return len(text) > 3 && text[:3] == "bad" }

// script fails by the job's odds, for no longer than Retry goes on.
func (j job) script() func(embedtest.Call) embedtest.Reply {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(j.seed, 1))
	start := time.Now()
	return func(c embedtest.Call) embedtest.Reply {
		mu.Lock()
		defer mu.Unlock()
		reply := embedtest.Reply{Latency: time.Duration(rng.IntN(50)) * time.Millisecond}
		if slices.Contains(c.Request.Texts, poison) {
			reply.Err = &embedding.Error{Kind: j.poison, Status: 500}
			return reply
		}
		if rng.IntN(10) >= j.faults || time.Since(start) > 20*time.Second {
			return reply
		}
		fault := &embedding.Error{Kind: embedding.Unavailable, Status: 503}
		switch rng.IntN(3) {
		case 0:
			fault = &embedding.Error{Kind: embedding.RateLimited, Status: 429, RetryAfter: time.Duration(rng.IntN(2000)) * time.Millisecond}
		case 1:
			reply.Latency = time.Hour // Timeout ends it
		}
		if j.partial && rng.IntN(2) == 0 {
			odd := rng.IntN(2)
			reply.Each = func(text string) error {
				if len(text)%2 == odd {
					return fault
				}
				return nil
			}
			return reply
		}
		reply.Err = fault
		return reply
	}
}

// TestStackAgainstAPlainLoop: through any stack and any faults, every text gets what a plain loop
// over single texts gets, each text is paid for at most once while it is remembered or in flight,
// and the usage adds up to the provider's own count.
func TestStackAgainstAPlainLoop(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		j := drawJob(rt)
		why := ""
		synctest.Test(t, func(t *testing.T) { why = j.run(t) })
		if why != "" {
			rt.Fatalf("%s", why)
		}
	})
}

func (j job) run(t *testing.T) (why string) {
	f := embedtest.NewFake(embedtest.FakeOptions{
		Model: embedding.Model{Limits: j.limits}, Silent: j.silent, Poison: bad, Script: j.script(),
	})
	mws := []embedding.Middleware{middleware.Standard(middleware.StandardOptions{
		Coalesce: middleware.CoalesceOptions{Window: j.window}, Batch: j.batch, Limit: j.limit, Timeout: 2 * time.Second,
	})}
	if j.cached {
		c, err := cache.New(cache.Options{MaxBytes: 1 << 20})
		if err != nil {
			return err.Error()
		}
		defer c.Close()
		mws = slices.Insert(mws, 0, embedding.Middleware(c.Wrap))
	}
	e := embedding.Chain(f, mws...)
	var mu sync.Mutex
	var sum embedding.Usage
	fail := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		if why == "" {
			why = fmt.Sprintf(format, args...)
		}
	}
	var wg sync.WaitGroup
	for k, reqs := range j.callers {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if j.cancel[k] > 0 {
				time.AfterFunc(j.cancel[k], cancel)
			}
			for _, req := range reqs {
				res, err := e.Embed(ctx, req)
				got := embedding.Salvage(res, err)
				mu.Lock()
				sum = sum.Add(got.Usage)
				mu.Unlock()
				if msg := checkAnswer(f, req, got, err, ctx.Err()); msg != "" {
					fail("caller %d: %s: %v", k, msg, err)
				}
			}
		})
	}
	wg.Wait()
	synctest.Wait()
	billed := f.Ledger()
	if sum.Requests != billed.Requests || sum.Tokens != billed.Tokens {
		fail("usage adds up to %+v, billed %+v", sum, billed)
	}
	for text, times := range j.asked() {
		if j.cached && f.Billed(text) > times {
			fail("%q was asked for with %d tasks and billed %d times through a cache", text, times, f.Billed(text))
		}
	}
	return why
}

// asked returns with how many tasks each text is asked for.
func (j job) asked() map[string]int {
	seen := map[string]map[embedding.Task]bool{}
	for _, reqs := range j.callers {
		for _, req := range reqs {
			for _, text := range req.Texts {
				if seen[text] == nil {
					seen[text] = map[embedding.Task]bool{}
				}
				seen[text][req.Task] = true
			}
		}
	}
	times := map[string]int{}
	for text, tasks := range seen {
		times[text] = len(tasks)
	}
	return times
}

// checkAnswer says what is wrong with an answer, compared with the plain loop: every good text has
// its own vector, and every bad one is Rejected.
func checkAnswer(f *embedtest.Fake, req embedding.Request, got embedding.Response, err, end error) string {
	failed := map[int]error{}
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, f := range p.Failed {
			failed[f.Index] = f.Err
		}
	} else if err != nil {
		for i := range req.Texts {
			failed[i] = err
		}
	}
	if err == nil && len(got.Vectors) != len(req.Texts) {
		return fmt.Sprintf("%d vectors for %d texts", len(got.Vectors), len(req.Texts))
	}
	for i, text := range req.Texts {
		why, isFailed := failed[i]
		switch {
		case isFailed && end != nil && errors.Is(why, end):
		case isFailed && (text == "" || bad(text)):
			if embedding.KindOf(why) != embedding.Rejected {
				return fmt.Sprintf("text %d (%q) failed by %v, want Rejected", i, text, why)
			}
		case isFailed && text == poison: // alone in a call it has the provider's own error
		case isFailed:
			return fmt.Sprintf("text %d (%q) was lost: %v", i, text, why)
		case text == "" || bad(text) || text == poison:
			return fmt.Sprintf("text %d (%q) has a vector", i, text)
		case !slices.Equal(got.Vectors[i], f.Vector(req.Task, text)):
			return fmt.Sprintf("text %d (%q) has a wrong vector", i, text)
		}
	}
	return ""
}
