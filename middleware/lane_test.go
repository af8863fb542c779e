package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware/cache"
)

// laned notes in which lane each request came to the provider, and when.
type laned struct {
	embedding.Embedder
	start time.Time
	mu    sync.Mutex
	came  [lanes][]event
	out   [lanes]int
	most  [lanes]int // at once
	first map[string]time.Duration
}

func (p *laned) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	lane, now := laneOf(ctx, Interactive), time.Since(p.start)
	p.mu.Lock()
	p.came[lane] = append(p.came[lane], event{now, embedding.EstimateTokens(req.Texts...)})
	p.out[lane]++
	p.most[lane] = max(p.most[lane], p.out[lane])
	if _, again := p.first[req.Texts[0]]; !again {
		p.first[req.Texts[0]] = now
	}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.out[lane]--
		p.mu.Unlock()
	}()
	return p.Embedder.Embed(ctx, req)
}

// in returns how many requests and tokens came in a lane after a time.
func (p *laned) in(lane Lane, after time.Duration) (requests, tokens float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.came[lane] {
		if e.at >= after {
			requests, tokens = requests+1, tokens+float64(e.tokens)
		}
	}
	return requests, tokens
}

// newLaned is a provider with the terms, of which the clock has started.
func newLaned(c terms) *laned {
	return &laned{Embedder: embedding.Chain(&throttled{terms: c, start: time.Now()}), start: time.Now(), first: map[string]time.Duration{}}
}

// words is a text of about so many tokens, unlike those with another name.
func words(name string, tokens int) string {
	return name + strings.Repeat(" w", max(0, tokens-embedding.EstimateTokens(name)))
}

// load is what an account has to serve at once.
type load struct {
	lane           Lane // of the jobs
	jobs, requests int  // requests of each
	texts, tokens  int  // of a request, and of each of its texts
	query          int  // tokens
}

// underBulk runs the jobs of a load, and a query every few seconds. It returns how long each query
// waited until it came to the provider, sorted.
func underBulk(t *testing.T, o LimitOptions, terms terms, l load) (waits []time.Duration, p *laned) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p = newLaned(terms)
		stack := Standard(StandardOptions{Limit: o, Batch: BatchOptions{Parallel: 16, Limits: embedding.Limits{Texts: l.texts}}})
		e := embedding.Chain(p, stack)
		var wg sync.WaitGroup
		done := make(chan struct{})
		for j := range l.jobs {
			wg.Go(func() {
				all := make([]string, l.requests*l.texts)
				for i := range all {
					all[i] = words(fmt.Sprintf("%d of %d", i, j), l.tokens)
				}
				_, err := e.Embed(WithLane(t.Context(), l.lane), embedding.Request{Texts: all})
				expect.NoError(t, err)
			})
		}
		go func() { wg.Wait(); close(done) }()
		rng := rand.New(rand.NewPCG(1, 2))
		for i := 0; ; i++ {
			select {
			case <-time.After(2*time.Second + time.Duration(rng.Int64N(int64(3*time.Second)))):
			case <-done:
				return
			}
			text := words(fmt.Sprint("query ", i), l.query)
			asked := time.Since(p.start)
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{text}})
			expect.NoError(t, err)
			p.mu.Lock()
			waits = append(waits, p.first[text]-asked)
			p.mu.Unlock()
		}
	})
	slices.Sort(waits)
	return waits, p
}

// TestWaitUnderBulk states what a query waits at most under bulk jobs, however long they are and
// however many: nothing, or one request of theirs. The figures are in docs/middleware.md.
func TestWaitUnderBulk(t *testing.T) {
	const latency = 200 * time.Millisecond
	for _, c := range []struct {
		name                  string
		o                     LimitOptions
		texts, tokens, query  int // of a bulk request, of each of its texts, and of a query
		requests              int // of a large job
		most                  time.Duration
		rateRequests, rateTPM float64 // of the account, a second
	}{
		{name: "600 requests a minute", o: LimitOptions{RPM: 600}, texts: 1, tokens: 5, query: 5, requests: 1500, rateRequests: 10},
		{name: "60 requests a minute", o: LimitOptions{RPM: 60}, texts: 1, tokens: 5, query: 5, requests: 400, most: 1112 * time.Millisecond, rateRequests: 1},
		{name: "60,000 tokens a minute", o: LimitOptions{TPM: 60_000}, texts: 5, tokens: 200, query: 20, requests: 200, rateTPM: 1000},
		// A query of more than a tenth of a second's tokens waits until a request of 1,000 is paid for.
		{name: "60,000 tokens a minute, a long query", o: LimitOptions{TPM: 60_000}, texts: 5, tokens: 200, query: 200, requests: 200, most: 1250 * time.Millisecond, rateTPM: 1000},
		{name: "8 at once", o: LimitOptions{InFlight: 8}, texts: 1, tokens: 5, query: 5, requests: 4000},
		{name: "1 at once", o: LimitOptions{InFlight: 1}, texts: 1, tokens: 5, query: 5, requests: 800, most: latency * 3 / 2},
		{name: "all of them", o: LimitOptions{RPM: 600, TPM: 60_000, InFlight: 4}, texts: 5, tokens: 50, query: 20, requests: 500, rateRequests: 10, rateTPM: 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			longest := func(lane Lane, jobs, requests int) time.Duration {
				waits, p := underBulk(t, c.o, terms{latency: latency}, load{
					lane: lane, jobs: jobs, requests: requests, texts: c.texts, tokens: c.tokens, query: c.query,
				})
				if len(waits) < 2 {
					t.Fatalf("%d queries, want 2 at least", len(waits))
				}
				took := (p.came[lane][len(p.came[lane])-1].at).Seconds()
				if lane == Bulk {
					n, tokens := p.in(Bulk, 0)
					if most := 0.9*c.rateRequests*took + 2; c.rateRequests > 0 && n > most {
						t.Errorf("%v bulk requests in %v s, want %v at most", n, took, most)
					}
					if most := 0.9*c.rateTPM*took + 2*float64(c.texts*(c.tokens+5)); c.rateTPM > 0 && tokens > most {
						t.Errorf("%v bulk tokens in %v s, want %v at most", tokens, took, most)
					}
					if most := max(1, c.o.InFlight*9/10); c.o.InFlight > 0 && p.most[Bulk] > most {
						t.Errorf("%d bulk requests at once, want %d at most", p.most[Bulk], most)
					}
				}
				t.Logf("%s, %d jobs of %d requests in lane %d: %d queries waited %v at the median and %v at most, the jobs took %.0f s",
					c.name, jobs, requests, lane, len(waits), waits[len(waits)/2].Round(time.Millisecond), waits[len(waits)-1].Round(time.Millisecond), took)
				return waits[len(waits)-1]
			}
			for _, size := range []struct{ jobs, requests int }{{1, c.requests / 5}, {1, c.requests}, {20, c.requests / 10}} {
				if got := longest(Bulk, size.jobs, size.requests); got > c.most {
					t.Errorf("a query under %d jobs of %d requests waited %v, want %v at most", size.jobs, size.requests, got, c.most)
				}
			}
			if got := longest(Interactive, 20, c.requests/10); got <= c.most {
				t.Errorf("without a lane a query waited %v, which the bound of %v allows: the test shows nothing", got, c.most)
			}
		})
	}
}

// TestWaitUnderBulkOfAPace: an account of which nothing is told and that allows 10 requests a
// second. A query waits no longer than after a refusal, which is the bulk jobs' doing.
func TestWaitUnderBulkOfAPace(t *testing.T) {
	longest := map[Lane]time.Duration{}
	for _, lane := range []Lane{Bulk, Interactive} {
		waits, p := underBulk(t, LimitOptions{}, terms{rates: rates{requests: 10}, window: time.Second, latency: 80 * time.Millisecond},
			load{lane: lane, jobs: 4, requests: 1000, texts: 1, tokens: 5, query: 5})
		longest[lane] = waits[len(waits)-1]
		t.Logf("lane %d: %d queries waited %v at the median and %v at most, the jobs took %v", lane, len(waits),
			waits[len(waits)/2].Round(time.Millisecond), longest[lane].Round(time.Millisecond), p.came[lane][len(p.came[lane])-1].at.Round(time.Second))
	}
	if longest[Bulk] > 500*time.Millisecond || longest[Interactive] < 5*time.Second {
		t.Errorf("queries waited %v under bulk jobs and %v under jobs without a lane, want 500 ms at most and 5 s at least", longest[Bulk], longest[Interactive])
	}
}

// TestPaceOfBulk: a bulk job alone learns what an account allows, although it asks for less.
func TestPaceOfBulk(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts int
		terms terms
	}{
		{name: "10 requests a second", texts: 5000, terms: terms{rates: rates{requests: 10}, window: time.Second}},
		{name: "240 requests a minute, Retry-After", texts: 2640, terms: terms{rates: rates{requests: 240}, window: time.Minute, says: true}},
		{name: "300, then 600 requests a minute, Retry-After", texts: 9000,
			terms: terms{rates: rates{requests: 300}, then: rates{requests: 600}, change: 10 * time.Minute, window: time.Minute, says: true}},
		{name: "8 at once, no words", texts: 3000, terms: terms{rates: rates{atOnce: 8}, window: time.Second, mute: true}},
	} {
		p := &throttled{terms: c.terms}
		p.latency = 80 * time.Millisecond
		o := single
		o.Limit.Lane, o.Batch.Parallel = Bulk, 16
		_, err := p.run(t, o, same(c.texts))
		expect.NoError(t, err)
		ratio, refused := p.judge(c.terms.rates, c.terms.then)
		t.Logf("%-45s %.2f of the ideal, %.1f %% refused", c.name, ratio, 100*refused)
		if ratio > 1.25 || refused > 0.03 {
			t.Errorf("%s: %.2f of the ideal time and %.1f %% refused, want 1.25 and 3 %% at most", c.name, ratio, 100*refused)
		}
	}
}

// TestBulkGetsTheRest: bulk has nine tenths of an account that nobody else uses, what a busy other
// lane leaves, and nothing while that one takes all. Afterwards it goes on.
func TestBulkGetsTheRest(t *testing.T) {
	const span = time.Minute
	for _, shared := range []bool{false, true} {
		for _, c := range []struct {
			name        string
			every       time.Duration // an interactive request; 0 means none, a negative one always some
			bulk, other float64       // least of the 10 a second
			most        float64       // of bulk
		}{
			{name: "idle", bulk: 8.9, most: 9.1},
			{name: "a tenth", every: time.Second, bulk: 8.1, other: 1, most: 9.1},
			{name: "half", every: 200 * time.Millisecond, bulk: 4.8, other: 5, most: 5.1},
			{name: "all", every: -1, bulk: 0, other: 9.9, most: 0.1},
		} {
			t.Run(fmt.Sprintf("%s, shared %t", c.name, shared), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := LimitOptions{RPM: 600}
					if shared {
						o.Shared = &quota{requests: newBucket(600)}
					}
					p := newLaned(terms{latency: 50 * time.Millisecond})
					e := embedding.Chain(p, Limit(o))
					other := e
					if shared { // of another process
						other = embedding.Chain(p, Limit(o))
					}
					ctx, cancel := context.WithCancel(t.Context())
					var wg sync.WaitGroup
					for i := range 20 {
						wg.Go(func() {
							for ctx.Err() == nil {
								_ = ask(WithLane(ctx, Bulk), e, "bulk")
							}
						})
						if c.every < 0 {
							wg.Go(func() {
								for ctx.Err() == nil && time.Since(p.start) < span {
									_ = ask(ctx, other, fmt.Sprint(i))
								}
							})
						}
					}
					if c.every > 0 {
						wg.Go(func() {
							for ctx.Err() == nil && time.Since(p.start) < span {
								wg.Go(func() { _ = ask(ctx, other, "query") })
								time.Sleep(c.every)
							}
						})
					}
					time.Sleep(span)
					bulk, _ := p.in(Bulk, 0)
					interactive, _ := p.in(Interactive, 0)
					bulk, interactive = bulk/span.Seconds(), interactive/span.Seconds()
					t.Logf("%s: bulk %.2f, interactive %.2f a second", c.name, bulk, interactive)
					if bulk < c.bulk || bulk > c.most || interactive < c.other {
						t.Errorf("bulk has %.2f and the other lane %.2f of 10 a second, want %v to %v and %v at least", bulk, interactive, c.bulk, c.most, c.other)
					}
					time.Sleep(5 * time.Second)
					now := time.Since(p.start)
					time.Sleep(10 * time.Second)
					if after, _ := p.in(Bulk, now); after < 88 {
						t.Errorf("bulk had %v requests in 10 s when nobody else asked, want 88 at least", after)
					}
					cancel()
					wg.Wait()
				})
			})
		}
	}
}

// TestLanesProperty: whoever comes in either lane, gives up or leaves, the account gets no more
// than its quota and the one request that each lane saves, bulk no more than nine tenths, nobody is
// forgotten, and the quota is used whenever somebody waits.
func TestLanesProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rps := rapid.IntRange(1, 20).Draw(rt, "a second")
		shared := rapid.Bool().Draw(rt, "shared")
		seconds := rapid.IntRange(5, 120).Draw(rt, "seconds")
		load := [lanes]float64{rapid.Float64Range(0, 1.5).Draw(rt, "interactive"), rapid.Float64Range(0.3, 2).Draw(rt, "bulk")}
		patience := rapid.IntRange(0, 60).Draw(rt, "patience")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		var calls []call
		var immortal [lanes][]time.Duration // those who never leave
		for lane := range lanes {
			for range int(load[lane] * float64(rps*seconds)) {
				c := drawCall(rng, seconds, patience)
				c.lane = Lane(lane)
				if c.deadline+c.cancel == 0 {
					immortal[lane] = append(immortal[lane], c.at)
				}
				calls = append(calls, c)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			o := LimitOptions{RPM: 60 * rps}
			if shared {
				o.Shared = &quota{requests: newBucket(60 * rps)}
			}
			p := &target{}
			in := newLaned(terms{latency: 1})
			in.Embedder = embedding.Chain(p)
			times := served(t, embedding.Chain(in, Limit(o)), p, calls)
			saved := 1
			if rps >= 10 { // an interactive request goes beside what bulk has sent, and bulk waits for both
				saved = 2
			}
			checkQuota(rt, times, rps, saved)
			var bulk []time.Duration
			for _, e := range in.came[Bulk] {
				bulk = append(bulk, e.at)
			}
			if got := mostIn(bulk, time.Minute); float64(got) > 0.9*60*float64(rps)+2 {
				rt.Errorf("%d bulk requests in a minute of %d", got, 60*rps)
			}
			if n := len(immortal[Interactive]) + len(immortal[Bulk]); len(times) < n {
				rt.Errorf("%d requests were served, %d callers never left", len(times), n)
			}
			all := slices.Concat(immortal[Interactive], immortal[Bulk])
			slices.Sort(all)
			step := time.Duration(float64(saved) * float64(time.Second) / float64(rps) / bulkShare)
			if shared {
				step += 2 * soon // bulk asks again a little later than an interactive caller was told to
			}
			for i := 1; i < len(times); i++ {
				if gap := times[i] - times[i-1]; gap > step+time.Microsecond {
					if n, _ := slices.BinarySearch(all, times[i]-step); n > i {
						rt.Errorf("nothing was sent between %v and %v, and %d callers waited", times[i-1], times[i], n-i)
					}
				}
			}
		})
	})
}

// TestBulkYieldsAtOnce: of many who wait, the interactive ones are served first, and their order
// and that of bulk stay. Those who leave leave no hole, and deadlines are told by what is ahead.
func TestBulkYieldsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLaned(terms{latency: 1})
		e := embedding.Chain(p, Limit(LimitOptions{RPM: 60}))
		bulk := WithLane(t.Context(), Bulk)
		gone, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		come := func(ctx context.Context, name string) {
			wg.Go(func() { _ = ask(ctx, e, name) })
			synctest.Wait()
		}
		for i := range 5 {
			come(bulk, fmt.Sprint("bulk ", i))
		}
		come(gone, "gone 1")
		come(t.Context(), "query 1")
		come(gone, "gone 2")
		come(t.Context(), "query 2")
		for _, c := range []struct {
			ctx  context.Context
			lane string
			want time.Duration
		}{
			{ctx: t.Context(), lane: "interactive", want: 5 * time.Second}, // four queries and a bulk request to pay for
			{ctx: bulk, lane: "bulk", want: 9 * time.Second},               // four queries and five of bulk
		} {
			short, cancel := context.WithTimeout(c.ctx, 3*time.Second)
			err := ask(short, e, "short")
			cancel()
			ours, ok := errors.AsType[*embedding.Error](err)
			if !ok || ours.Code != CodeLimit || ours.RetryAfter < c.want || ours.RetryAfter > c.want*5/4 {
				t.Errorf("a caller of the lane %s: %v, want to be told of about %v", c.lane, err, c.want)
			}
		}
		leave()
		wg.Wait()
		var order []string
		for name := range p.first {
			order = append(order, name)
		}
		slices.SortFunc(order, func(a, b string) int { return cmp.Compare(p.first[a], p.first[b]) })
		expect.Equal(t, "order", order, []string{"bulk 0", "query 1", "query 2", "bulk 1", "bulk 2", "bulk 3", "bulk 4"})
		if last := p.first["bulk 4"]; last > 8*time.Second {
			t.Errorf("the last of 7 came after %v, want 8 s at most", last)
		}
	})
}

// TestLanesOfCalls: the context's lane goes before the chain's, an unknown one is an error, and a
// lane changes neither the Model nor what a cache finds.
func TestLanesOfCalls(t *testing.T) {
	for name, mw := range map[string]func(Lane) embedding.Middleware{
		"Limit": func(lane Lane) embedding.Middleware { return Limit(LimitOptions{Lane: lane}) },
		"Standard": func(lane Lane) embedding.Middleware {
			return Standard(StandardOptions{Limit: LimitOptions{Lane: lane}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &target{}
			for _, c := range []struct {
				chain   Lane
				ctx     context.Context
				unknown bool
			}{
				{chain: Interactive, ctx: t.Context()},
				{chain: Bulk, ctx: t.Context()},
				{chain: 2, ctx: t.Context(), unknown: true},
				{chain: 2, ctx: WithLane(t.Context(), Bulk)},
				{chain: Bulk, ctx: WithLane(t.Context(), 200), unknown: true},
				{chain: Bulk, ctx: WithLane(t.Context(), Interactive)},
			} {
				e := embedding.Chain(p, mw(c.chain))
				expect.Equal(t, "model", e.Model(), embedding.Chain(p).Model())
				before := p.calls
				err := ask(c.ctx, e, "a")
				if !c.unknown {
					expect.NoError(t, err)
					continue
				}
				if embedding.KindOf(err) != embedding.Invalid || !strings.Contains(err.Error(), "use Interactive or Bulk") || p.calls != before {
					t.Errorf("chain %d: got the error %v and %d requests, want Invalid that names the lanes, and none", c.chain, err, p.calls-before)
				}
			}
		})
	}
	t.Run("cache", func(t *testing.T) {
		vectors, err := cache.New(cache.Options{})
		expect.NoError(t, err)
		defer vectors.Close()
		p := &target{}
		account := Limit(LimitOptions{InFlight: 2})
		stack := func(lane Lane) embedding.Embedder {
			e, err := Stack(StackOptions{StandardOptions: StandardOptions{Limit: LimitOptions{Lane: lane}}, Cache: vectors.Wrap, Accounts: []embedding.Middleware{account}}, p)
			expect.NoError(t, err)
			return e
		}
		expect.NoError(t, ask(t.Context(), stack(Bulk), "a", "b"))
		expect.NoError(t, ask(t.Context(), stack(Interactive), "b", "a"))
		expect.NoError(t, ask(WithLane(t.Context(), Bulk), stack(Interactive), "a"))
		expect.Equal(t, "requests", p.calls, 1)
	})
}

// TestLaneOfAChain: two chains of one account, each with a lane of its own.
func TestLaneOfAChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newLaned(terms{latency: time.Second})
		account := Limit(LimitOptions{InFlight: 4})
		stack := func(lane Lane) embedding.Embedder {
			e, err := Stack(StackOptions{StandardOptions: StandardOptions{
				Limit: LimitOptions{Lane: lane}, Batch: BatchOptions{Parallel: 16, Limits: embedding.Limits{Texts: 1}},
			}, Accounts: []embedding.Middleware{account}}, p)
			expect.NoError(t, err)
			return e
		}
		nightly, search := stack(Bulk), stack(Interactive)
		texts := make([]string, 40)
		for i := range texts {
			texts[i] = fmt.Sprint(i)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			expect.NoError(t, errorOf(nightly.Embed(t.Context(), embedding.Request{Texts: texts})))
		})
		time.Sleep(100 * time.Millisecond)
		asked := time.Now()
		expect.NoError(t, errorOf(search.Embed(t.Context(), embedding.Request{Texts: []string{"query"}})))
		if took := time.Since(asked); took > 1500*time.Millisecond {
			t.Errorf("the query took %v, want 1.5 s at most", took)
		}
		wg.Wait()
		expect.Equal(t, "bulk requests at once", p.most[Bulk], 3)
	})
}

func errorOf(_ embedding.Response, err error) error { return err }

// TestCoalesceKeepsLanesApart: a query joins no bulk call, and a bulk call joins a query's. Small
// calls that gather in a Window gather by lane.
func TestCoalesceKeepsLanesApart(t *testing.T) {
	for _, window := range []time.Duration{0, 10 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			p := newLaned(terms{latency: time.Second})
			e := embedding.Chain(p, Coalesce(CoalesceOptions{Window: window}))
			var wg sync.WaitGroup
			for _, c := range []struct {
				lane   Lane
				texts  []string
				reused int
			}{
				{lane: Bulk, texts: []string{"a", "b"}},
				{lane: Interactive, texts: []string{"a"}}, // again
				{lane: Interactive, texts: []string{"c"}},
				{lane: Bulk, texts: []string{"a", "c", "d"}, reused: 2}, // a and c are in flight as queries
			} {
				wg.Go(func() {
					res, err := e.Embed(WithLane(t.Context(), c.lane), embedding.Request{Texts: c.texts})
					expect.NoError(t, err)
					expect.Equal(t, fmt.Sprint("texts that joined, of ", c.texts), res.Usage.Reused, c.reused)
				})
				synctest.Wait()
			}
			wg.Wait()
			want := [lanes]int{Interactive: 2, Bulk: 2}
			if window > 0 { // one call of each lane
				want = [lanes]int{Interactive: 1, Bulk: 1}
			}
			expect.Equal(t, fmt.Sprint("calls by lane, window ", window), [lanes]int{len(p.came[Interactive]), len(p.came[Bulk])}, want)
		})
	}
}
