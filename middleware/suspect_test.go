package middleware

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
)

// sick is a provider whose requests fail if they hold a poison text.
type sick struct {
	fail    func(n int) error // of the n-th request with a poison text, from 1
	restart time.Duration     // after such a request the server is down for that long
	latency time.Duration
	chance  float64 // of any request to fail as Unavailable
	limit   int     // of texts in a request
	poison  []int

	mu   sync.Mutex
	hits int
	down time.Time
	rng  *rand.Rand
}

func (s *sick) script(c embedtest.Call) embedtest.Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := embedtest.Reply{Latency: s.latency}
	if s.chance > 0 && s.rng.Float64() < s.chance {
		reply.Err = failed(embedding.Unavailable, 0)
		return reply
	}
	if time.Now().Before(s.down) {
		reply.Err = &embedding.Error{Kind: embedding.Unavailable, Err: errors.New("connection refused")}
		return reply
	}
	if slices.ContainsFunc(c.Request.Texts, poisonous) {
		s.hits++
		s.down = time.Now().Add(s.restart)
		reply.Err = s.fail(s.hits)
	}
	return reply
}

func poisonous(text string) bool { return strings.HasPrefix(text, "poison") }

// result is what became of one job.
type result struct {
	vectors  int
	requests int
	took     time.Duration
	err      error
}

// run sends n texts, those at s.poison poison, through the standard layers. It fails the test
// unless each good text has its own vector and each poison text is Rejected.
func (s *sick) run(t *testing.T, n int, o StandardOptions) (r result) {
	t.Helper()
	if s.rng == nil {
		s.rng = rand.New(rand.NewPCG(1, 2))
	}
	f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: s.limit}}, Script: s.script})
	req := embedding.Request{Texts: texts(n)}
	for _, i := range s.poison {
		req.Texts[i] = fmt.Sprint("poison ", i)
	}
	start := time.Now()
	res, err := embedding.Chain(f, Standard(o)).Embed(t.Context(), req)
	r = result{requests: len(f.Calls()), took: time.Since(start), err: err}
	r.vectors = right(t, f, req, embedding.Salvage(res, err))
	if r.vectors != n-len(s.poison) {
		t.Errorf("%d vectors of %d good texts in %v by %d requests: %v", r.vectors, n-len(s.poison), r.took, r.requests, err)
	}
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, f := range p.Failed {
			if embedding.KindOf(f.Err) != embedding.Rejected {
				t.Errorf("text %d failed by %v, want Rejected", f.Index, f.Err)
			}
		}
	}
	return r
}

// poisons are errors by which providers were seen to answer a request that holds a bad text.
var poisons = map[string]func(int) error{
	"a 500":              func(int) error { return &embedding.Error{Kind: embedding.Unavailable, Status: 500} },
	"a 503":              func(int) error { return &embedding.Error{Kind: embedding.Unavailable, Status: 503} },
	"a connection reset": func(int) error { return &embedding.Error{Kind: embedding.Unavailable, Err: errors.New("EOF")} },
	"NaN":                func(int) error { return &embedding.Error{Kind: embedding.Malformed, Status: 200} },
	"a 400":              func(int) error { return &embedding.Error{Kind: embedding.Invalid, Status: 400} },
	"a 403 page":         func(int) error { return &embedding.Error{Kind: embedding.Auth, Status: 403} },
	"a 422": func(int) error {
		return fmt.Errorf("layer: %w", &embedding.Error{Kind: embedding.Invalid, Status: 422})
	},
	"a 501": func(int) error { return &embedding.Error{Kind: embedding.Invalid, Status: 501} },
	"words": func(int) error { return errors.New("the tokenizer gave up") },
	"by turns": func(n int) error {
		return &embedding.Error{Kind: []embedding.Kind{embedding.Unavailable, embedding.Malformed, embedding.Invalid}[n%3], Status: 599}
	},
}

// TestOnePoisonTextOf64 holds the cost of a poison text: at most 24 more requests and 30 seconds.
func TestOnePoisonTextOf64(t *testing.T) {
	for name, fail := range poisons {
		for _, at := range []int{0, 1, 31, 32, 40, 63} {
			for _, restart := range []time.Duration{0, 900 * time.Millisecond} {
				if restart > 0 && embedding.KindOf(fail(1)) != embedding.Unavailable {
					continue
				}
				t.Run(fmt.Sprintf("%s at %d, down for %v", name, at, restart), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := &sick{fail: fail, limit: 64, poison: []int{at}, restart: restart, latency: 10 * time.Millisecond}
						r := s.run(t, 64, StandardOptions{})
						if r.requests > 1+24 || r.took > 30*time.Second {
							t.Errorf("%d requests in %v, want at most 25 in 30s", r.requests, r.took)
						}
					})
				})
			}
		}
	}
}

// TestPoisonInAJob: wherever it is, the other texts come back, and the job is no slower.
func TestPoisonInAJob(t *testing.T) {
	places := []int{0, 70, 130, 200, 300, 330, 400, 480, 5000, 9_999}
	if race.Enabled {
		places = places[1:4] // the detector takes ten times as long and needs to see each path once
	}
	for name, fail := range poisons {
		for _, parallel := range []int{0, 1} {
			for _, at := range places {
				t.Run(fmt.Sprintf("%s at %d, %d at once", name, at, parallel), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := &sick{fail: fail, limit: 64, poison: []int{at}, latency: 50 * time.Millisecond}
						r := s.run(t, 10_000, StandardOptions{Batch: BatchOptions{Parallel: parallel}})
						if r.requests > 157+24 || r.took > 45*time.Second {
							t.Errorf("%d requests in %v, want at most %d in 45s", r.requests, r.took, 157+24)
						}
					})
				})
			}
		}
	}
}

// TestServerThatDies: requests beside a text that takes the server down fail too. Their texts come
// back, for few requests more.
func TestServerThatDies(t *testing.T) {
	for _, tc := range []struct {
		poison []int
		most   int // requests
	}{{[]int{0}, 220}, {[]int{7}, 220}, {[]int{1_001}, 220}, {[]int{1_999}, 220}, {[]int{70, 1_500}, 350}, {[]int{70, 90}, 350}} {
		for seed := range uint64(10) {
			t.Run(fmt.Sprintf("%v, seed %d", tc.poison, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &sick{fail: poisons["a connection reset"], limit: 64, poison: tc.poison, restart: 900 * time.Millisecond, latency: 30 * time.Millisecond}
					if r := s.run(t, 2_000, StandardOptions{}); r.requests > tc.most || r.took > 2*time.Minute {
						t.Errorf("%d requests in %v, want at most %d in 2m", r.requests, r.took, tc.most)
					}
				})
			})
		}
	}
}

// TestAccessTakenAway: an account that loses its access in the middle of a job condemns no text,
// although slow requests of before still pass.
func TestAccessTakenAway(t *testing.T) {
	for name, lost := range map[string]*embedding.Error{
		"403": {Kind: embedding.Auth, Status: 403},
		"400": {Kind: embedding.Invalid, Status: 400},
	} {
		for seed := range uint64(20) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int64
				rng := rand.New(rand.NewPCG(seed, 1))
				waits := make([]time.Duration, 8)
				for i := range waits {
					waits[i] = time.Duration(10+rng.IntN(100)) * time.Millisecond
				}
				f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 10}}, Script: func(embedtest.Call) embedtest.Reply {
					if k := n.Add(1); k <= 4 {
						return embedtest.Reply{Latency: waits[k]}
					}
					return embedtest.Reply{Latency: 10 * time.Millisecond, Err: lost}
				}})
				_, err := embedding.Chain(f, Standard(StandardOptions{})).Embed(t.Context(), embedding.Request{Texts: texts(60)})
				partial, ok := errors.AsType[*embedding.PartialError](err)
				if !ok || len(partial.Failed) != 20 {
					t.Fatalf("%s, seed %d: got %v, want 20 texts to fail", name, seed, err)
				}
				for _, f := range partial.Failed {
					if embedding.KindOf(f.Err) != lost.Kind {
						t.Fatalf("%s, seed %d: got %v for text %d, want %v", name, seed, f.Err, f.Index, lost)
					}
				}
			})
		}
	}
}

// TestManyPoisonTexts: several of them, close together, far apart and alone in a request.
func TestManyPoisonTexts(t *testing.T) {
	for name, fail := range poisons {
		for _, c := range []struct {
			n, limit int
			poison   []int
		}{
			{64, 64, []int{0, 40}},
			{300, 64, []int{1, 2, 3, 130, 131, 299}},
			{600, 64, []int{0, 64, 128, 192, 256, 320, 384}},
			{20, 10, []int{3}},
			{3, 10, []int{1}},
		} {
			if len(c.poison) > 1 && (embedding.KindOf(fail(1)) == embedding.Invalid || embedding.KindOf(fail(1)) == embedding.Auth || name == "words" || name == "by turns") {
				continue // such errors in a row stop the job
			}
			t.Run(fmt.Sprintf("%s at %v of %d", name, c.poison, c.n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &sick{fail: fail, limit: c.limit, poison: c.poison, latency: 50 * time.Millisecond}
					if r := s.run(t, c.n, StandardOptions{}); r.took > 3*time.Minute {
						t.Errorf("took %v", r.took)
					}
				})
			})
		}
	}
}

// TestPoisonAgainstAPlainLoop: any poison texts in any job, through a provider that fails at random
// too, cost no other text.
func TestPoisonAgainstAPlainLoop(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(2, 64).Draw(rt, "limit of texts")
		n := limit * rapid.IntRange(1, 6).Draw(rt, "requests")
		kind := rapid.SampledFrom([]embedding.Kind{embedding.Malformed, embedding.Unavailable}).Draw(rt, "kind")
		s := &sick{
			limit:   limit,
			fail:    func(int) error { return failed(kind, 0) },
			latency: time.Duration(rapid.IntRange(0, 100).Draw(rt, "latency")) * time.Millisecond,
			chance:  float64(rapid.IntRange(0, 2).Draw(rt, "faults")) / 10,
			rng:     rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1)),
			poison:  rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 1, 2, rapid.ID).Draw(rt, "poison"),
		}
		parallel := rapid.IntRange(0, 8).Draw(rt, "parallel")
		why := ""
		synctest.Test(t, func(t *testing.T) {
			f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: limit}}, Script: s.script})
			req := embedding.Request{Texts: texts(n)}
			for _, i := range s.poison {
				req.Texts[i] = fmt.Sprint("poison ", i)
			}
			start := time.Now()
			e := embedding.Chain(f, Standard(StandardOptions{Batch: BatchOptions{Parallel: parallel}}))
			res, err := e.Embed(t.Context(), req)
			got := embedding.Salvage(res, err)
			if have := right(t, f, req, got); have != n-len(s.poison) {
				why = fmt.Sprintf("%d vectors of %d good texts after %v: %v", have, n-len(s.poison), time.Since(start), err)
			}
			for _, text := range req.Texts {
				if f.Billed(text) > 1 {
					why = fmt.Sprintf("%q was billed %d times", text, f.Billed(text))
				}
			}
		})
		if why != "" {
			rt.Fatalf("%s", why)
		}
	})
}

// TestTwoPoisonedRequestsFirst: they open the circuit before anything has passed, and every fifth
// request fails besides. These seeds made the first five sound requests fail.
func TestTwoPoisonedRequestsFirst(t *testing.T) {
	for _, seed := range []uint64{7438, 7748, 17881, 18920, 19228} {
		synctest.Test(t, func(t *testing.T) {
			s := &sick{
				fail:   func(int) error { return failed(embedding.Unavailable, 0) },
				limit:  3,
				poison: []int{0, 3},
				chance: .2,
				rng:    rand.New(rand.NewPCG(seed, 1)),
			}
			s.run(t, 18, StandardOptions{Batch: BatchOptions{Parallel: 1}})
		})
	}
}

// behindPoison sends a job of four requests, of which the first two hold a poison text and the
// others fail as often as it says. No sound text may be lost. It returns the requests that were
// sent.
func behindPoison(t *testing.T, limit, fails, parallel int) []embedtest.Call {
	t.Helper()
	var mu sync.Mutex
	asked := map[string]int{}
	f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: limit}}, Script: func(c embedtest.Call) embedtest.Reply {
		mu.Lock()
		defer mu.Unlock()
		reply := embedtest.Reply{Latency: 13 * time.Millisecond}
		key := fmt.Sprint(c.Request.Texts)
		asked[key]++
		if slices.ContainsFunc(c.Request.Texts, poisonous) || len(c.Request.Texts) == limit && asked[key] <= fails {
			reply.Err = failed(embedding.Unavailable, 0)
		}
		return reply
	}})
	req := embedding.Request{Texts: texts(4 * limit)}
	req.Texts[1], req.Texts[limit+2] = "poison", "poison, too"
	res, err := embedding.Chain(f, Standard(StandardOptions{Batch: BatchOptions{Parallel: parallel}})).Embed(t.Context(), req)
	expect.Equal(t, "vectors", right(t, f, req, embedding.Salvage(res, err)), len(req.Texts)-2)
	return f.Calls()
}

// TestPoisonLeavesTries: while nothing has passed, a poisoned request does not use up all tries
// that an open circuit allows. The two sound requests fail three times each.
func TestPoisonLeavesTries(t *testing.T) {
	for k := range 40 { // waits are random
		synctest.Test(t, func(t *testing.T) { behindPoison(t, 3, 3, 1+k%8) })
	}
}

// failsWhere returns a provider that fails the requests of which sick is true. It calls sick for
// one request at a time.
func failsWhere(limit int, sick func(texts []string) bool) *embedtest.Fake {
	var mu sync.Mutex
	return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: limit}}, Script: func(c embedtest.Call) embedtest.Reply {
		mu.Lock()
		defer mu.Unlock()
		reply := embedtest.Reply{Latency: 20 * time.Millisecond}
		if sick(c.Request.Texts) {
			reply.Err = failed(embedding.Unavailable, 0)
		}
		return reply
	}})
}

// TestNoiseBesideItsOnlyPoison: a good text that stands in the last pair with a poison one, and
// then fails alone eight times by chance, is not taken for the poison.
func TestNoiseBesideItsOnlyPoison(t *testing.T) {
	for _, poison := range []int{0, 1, 62, 63} {
		synctest.Test(t, func(t *testing.T) {
			alone := 0 // requests for the good text
			beside := fmt.Sprint("text ", poison^1)
			f := failsWhere(64, func(texts []string) bool {
				if slices.Equal(texts, []string{beside}) {
					alone++
					return alone <= 8
				}
				return slices.ContainsFunc(texts, poisonous)
			})
			req := embedding.Request{Texts: texts(128)}
			req.Texts[poison] = "poison"
			res, err := embedding.Chain(f, Standard(StandardOptions{})).Embed(t.Context(), req)
			expect.Equal(t, "vectors", right(t, f, req, embedding.Salvage(res, err)), 127)
		})
	}
}

// TestOpenCircuitIsNoFailure: two poison texts open the circuit, and the requests behind it fail
// once when they are sent at last. They are asked for again as they are, since they waited for the
// circuit.
func TestOpenCircuitIsNoFailure(t *testing.T) {
	for k := range 160 { // waits are random
		parallel := 1 + k%8
		t.Run(fmt.Sprint(parallel, " at once"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, c := range behindPoison(t, 18, 1, parallel) {
					if slices.Contains(c.Request.Texts, "text 40") {
						expect.Equal(t, "texts of a request that failed once", len(c.Request.Texts), 18)
					}
				}
			})
		})
	}
}

// TestPoisonOpensNoCircuit: the pieces of a request do not meet a circuit, and neither does another
// caller.
func TestPoisonOpensNoCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sick{fail: poisons["a 500"], limit: 64, poison: []int{7}}
		f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 64}}, Script: s.script})
		e := embedding.Chain(f, Batch(BatchOptions{}), Retry(RetryOptions{}), Breaker(BreakerOptions{}))
		req := embedding.Request{Texts: texts(64)}
		req.Texts[7] = "poison"
		done := make(chan error)
		go func() {
			_, err := e.Embed(t.Context(), req)
			done <- err
		}()
		for k := 0; ; k++ {
			select {
			case err := <-done:
				if !errors.Is(err, embedding.Rejected) {
					t.Errorf("got %v, want a Rejected text", err)
				}
				if k < 5 {
					t.Errorf("the other caller asked %d times only: this test shows nothing", k)
				}
				return
			case <-time.After(700 * time.Millisecond):
				start := time.Now()
				_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{fmt.Sprint("other ", k)}})
				if err != nil || time.Since(start) > 0 {
					t.Fatalf("another caller waited for %v: %v", time.Since(start), err)
				}
			}
		}
	})
	// If the circuit is open because several callers met the poison, they get through all the same.
	synctest.Test(t, func(t *testing.T) {
		s := &sick{fail: poisons["a 500"], limit: 64, poison: []int{7}, latency: 10 * time.Millisecond}
		r := s.run(t, 64, StandardOptions{Breaker: BreakerOptions{Failures: 2}})
		if r.took > 44*time.Second {
			t.Errorf("took %v", r.took)
		}
	})
}

// TestOutageBlamesNoText: a provider that is away for a while, from the beginning or in the middle
// of a job, costs no text, and no more requests than a few.
func TestOutageBlamesNoText(t *testing.T) {
	for _, after := range []time.Duration{0, 90 * time.Millisecond, 400 * time.Millisecond} {
		for _, n := range []int{64, 1000} {
			for _, long := range []time.Duration{45 * time.Second, 100 * time.Second} {
				t.Run(fmt.Sprintf("after %v of %d texts for %v", after, n, long), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := &sick{limit: 64, latency: 40 * time.Millisecond}
						start := time.Now()
						down := func(c embedtest.Call) embedtest.Reply {
							if d := time.Since(start); d >= after && d < after+long {
								return embedtest.Reply{Err: failed(embedding.Unavailable, 0), Latency: 5 * time.Millisecond * time.Duration(c.Number%7)}
							}
							return s.script(c)
						}
						f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 64}}, Script: down})
						req := embedding.Request{Texts: texts(n)}
						res, err := embedding.Chain(f, Standard(StandardOptions{})).Embed(t.Context(), req)
						expect.NoError(t, err)
						expect.Equal(t, "vectors", right(t, f, req, res), n)
						if got, most := len(f.Calls()), (n+63)/64+60; got > most {
							t.Errorf("%d requests, want at most %d", got, most)
						}
					})
				})
			}
		}
	}
}

// TestNoiseCostsNoText: a provider that fails every second request at random gets at most 1.5
// times the requests that Retry alone makes, and no text is blamed.
func TestNoiseCostsNoText(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			count := func(n int, whole bool) int {
				s := &sick{chance: 0.5, limit: 64, latency: 50 * time.Millisecond, rng: rand.New(rand.NewPCG(seed, 3))}
				if whole {
					return s.run(t, n, StandardOptions{}).requests
				}
				f := embedtest.NewFake(embedtest.FakeOptions{Script: s.script})
				e := embedding.Chain(f, Retry(RetryOptions{}))
				for part := range slices.Chunk(texts(n), 64) {
					_, err := e.Embed(t.Context(), embedding.Request{Texts: part})
					expect.NoError(t, err)
				}
				return len(f.Calls())
			}
			with, without := count(10_000, true), count(10_000, false)
			t.Logf("%d requests, Retry alone %d", with, without)
			if float64(with) > 1.5*float64(without) {
				t.Errorf("%d requests, Retry alone makes %d", with, without)
			}
			for range 10 {
				count(130, true)
			}
		})
	}
}

// TestDamageIsAskedOnce: an answer that was damaged on its way is asked for once more.
func TestDamageIsAskedOnce(t *testing.T) {
	for _, n := range []int{1, 2, 64, 200} {
		for _, kind := range []embedding.Kind{embedding.Malformed, embedding.Invalid} {
			if kind == embedding.Invalid && n <= 64 {
				continue // nothing refutes it
			}
			f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 64}},
				Script: func(c embedtest.Call) embedtest.Reply {
					if c.Number == 1 {
						return embedtest.Reply{Err: &embedding.Error{Kind: kind, Status: 200}}
					}
					return embedtest.Reply{}
				}})
			_, err := embedding.Chain(f, Standard(StandardOptions{})).Embed(t.Context(), embedding.Request{Texts: texts(n)})
			expect.NoError(t, err)
			expect.Equal(t, "requests", len(f.Calls()), (n+63)/64+1)
		}
	}
}

// TestWhatStopsAJob: how many requests a job makes if every one fails.
func TestWhatStopsAJob(t *testing.T) {
	for _, c := range []struct {
		name         string
		fail         func(int) error
		n            int
		first, after int // most requests if the first one fails, and if the first 20 pass
	}{
		{"401", func(int) error { return &embedding.Error{Kind: embedding.Auth, Status: 401} }, 10_000, 1, 1},
		{"Exhausted", func(int) error { return &embedding.Error{Kind: embedding.Exhausted, Status: 429} }, 10_000, 1, 1},
		{"402", func(int) error { return &embedding.Error{Kind: embedding.Exhausted, Status: 402} }, 64, 1, 0},
		{"403", poisons["a 403 page"], 10_000, 2, 6},
		{"400", poisons["a 400"], 10_000, 2, 6},
		{"400 of one request", poisons["a 400"], 64, 3, 0},
		{"400 of one text", poisons["a 400"], 1, 1, 0},
		{"NaN", poisons["NaN"], 64, 16, 0},
		{"NaN of a job", poisons["NaN"], 10_000, 157 + 24, 157 + 24},
	} {
		for _, passing := range []int{0, 20} {
			most := c.first
			if passing > 0 {
				most = c.after
			}
			if most == 0 {
				continue
			}
			f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 64}},
				Script: func(call embedtest.Call) embedtest.Reply {
					if call.Number <= passing {
						return embedtest.Reply{}
					}
					return embedtest.Reply{Err: c.fail(call.Number)}
				}})
			res, err := embedding.Chain(f, Batch(BatchOptions{Parallel: 1}), Retry(RetryOptions{})).Embed(t.Context(), embedding.Request{Texts: texts(c.n)})
			if got := len(f.Calls()) - passing; got > most {
				t.Errorf("%s after %d: %d requests, want at most %d", c.name, passing, got, most)
			}
			want := min(c.n, 64*passing)
			if n := len(embedding.Salvage(res, err).Vectors) - len(missing(embedding.Salvage(res, err))); n != want || !errors.Is(err, embedding.KindOf(c.fail(1))) {
				t.Errorf("%s after %d: %d vectors and %v, want %d", c.name, passing, n, err, want)
			}
			if passing == 0 && c.name != "NaN of a job" && embedding.KindOf(err) != embedding.KindOf(c.fail(1)) {
				t.Errorf("%s: got %v, want the plain error", c.name, err)
			}
		}
	}
}

// TestWhatStopsAJobStopsRetries: a text that would have been asked for again fails by what stopped
// the job, which is what the caller has to mend, and not by a failure that would have passed. A
// text that may be at fault keeps its own error.
func TestWhatStopsAJobStopsRetries(t *testing.T) {
	for _, c := range []struct {
		cause, stop, want embedding.Kind
		takes             time.Duration // until the second request fails
		halves            int           // of it that were sent before the stop
	}{
		{cause: embedding.Unavailable, stop: embedding.Auth, want: embedding.Auth, halves: 1},
		{cause: embedding.Unavailable, stop: embedding.Exhausted, want: embedding.Exhausted, halves: 1},
		{cause: embedding.Invalid, stop: embedding.Auth, want: embedding.Invalid, takes: 10 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 2}},
				Script: func(call embedtest.Call) embedtest.Reply {
					all := texts(8)
					switch asked := call.Request.Texts; {
					case len(asked) == 1: // a half of the second request
						return embedtest.Reply{Latency: time.Second, Err: failed(embedding.Malformed, 0)}
					case asked[0] == all[2]:
						return embedtest.Reply{Latency: c.takes, Err: failed(c.cause, 0)}
					case asked[0] == all[6]:
						return embedtest.Reply{Latency: restart + time.Second/2, Err: failed(c.stop, 0)}
					}
					return embedtest.Reply{Latency: time.Millisecond}
				}})
			retry := Retry(RetryOptions{Pause: time.Millisecond, MaxPause: time.Millisecond})
			_, err := embedding.Chain(f, Batch(BatchOptions{Parallel: 2}), retry).Embed(t.Context(), embedding.Request{Texts: texts(8)})
			p, ok := errors.AsType[*embedding.PartialError](err)
			halves := slices.DeleteFunc(f.Calls(), func(c embedtest.Call) bool { return len(c.Request.Texts) > 1 })
			if !ok || len(p.Failed) != 4 || len(halves) != c.halves {
				t.Fatalf("%v, then %v: got %v after %d requests of one text, want four errors after %d", c.cause, c.stop, err, len(halves), c.halves)
			}
			want := map[int]embedding.Kind{2: c.want, 3: c.want, 6: c.stop, 7: c.stop}
			for _, f := range p.Failed {
				if got := embedding.KindOf(f.Err); got != want[f.Index] {
					t.Errorf("%v, then %v: text %d failed as %v, want %v", c.cause, c.stop, f.Index, got, want[f.Index])
				}
			}
		})
	}
}

func missing(res embedding.Response) (out []int) {
	for i, v := range res.Vectors {
		if v == nil {
			out = append(out, i)
		}
	}
	return out
}

// TestStreamLeavesPoisonOut: a stream goes on behind a text that makes requests fail.
func TestStreamLeavesPoisonOut(t *testing.T) {
	for name, fail := range poisons {
		synctest.Test(t, func(t *testing.T) {
			s := &sick{fail: fail}
			f := embedtest.NewFake(embedtest.FakeOptions{Script: s.script})
			all := texts(2500)
			all[0], all[1700] = "poison a", "poison b"
			good, bad := 0, 0
			for item, err := range embedding.Stream(t.Context(), embedding.Chain(f, Standard(StandardOptions{})), slices.Values(all), func(s string) string { return s }) {
				if err != nil {
					t.Fatalf("%s: the stream ended by %v", name, err)
				}
				if item.Err != nil {
					bad++
				} else {
					good++
				}
			}
			if good != 2498 || bad != 2 {
				t.Errorf("%s: %d vectors and %d refused, want 2498 and 2", name, good, bad)
			}
		})
	}
}

// TestWrappedPartialErrors: a layer that adds words to a PartialError costs none of its vectors.
func TestWrappedPartialErrors(t *testing.T) {
	words := func(next embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(next, next.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			res, err := next.Embed(ctx, req)
			if err != nil {
				err = errors.Join(errors.New("tenant 7"), fmt.Errorf("tenant 7: %w", err))
			}
			return res, err
		})
	}
	for name, layers := range map[string][]embedding.Middleware{
		"Retry":    {Retry(RetryOptions{Attempts: 2}), words},
		"Batch":    {Batch(BatchOptions{}), words},
		"Coalesce": {Coalesce(CoalesceOptions{}), words},
		"Standard": {Standard(StandardOptions{Retry: RetryOptions{Attempts: 2}}), words},
		"Fallback": {func(e embedding.Embedder) embedding.Embedder {
			f, err := Fallback(FallbackOptions{}, e)
			expect.NoError(t, err)
			return f
		}, words},
		"twice": {words, Retry(RetryOptions{Attempts: 2}), words, words},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
				return embedtest.Reply{Each: func(text string) error {
					if text == "text 3" {
						return failed(embedding.RateLimited, 0)
					}
					return nil
				}}
			}})
			req := embedding.Request{Texts: texts(5)}
			res, err := embedding.Chain(f, layers...).Embed(t.Context(), req)
			if n := right(t, f, req, embedding.Salvage(res, err)); n != 4 {
				t.Errorf("%s: %d vectors, want 4: %v", name, n, err)
			}
			for _, text := range req.Texts {
				if n := f.Billed(text); n > 1 {
					t.Errorf("%s: %q was billed %d times", name, text, n)
				}
			}
		})
	}
}

// TestNoiseBesidePoison: the texts beside a poison text are not blamed for a provider's noise.
func TestNoiseBesidePoison(t *testing.T) {
	for seed := range uint64(200) {
		synctest.Test(t, func(t *testing.T) {
			s := &sick{
				fail: poisons["a 500"], limit: 4, poison: []int{int(seed) % 8}, chance: 0.5,
				latency: 20 * time.Millisecond, rng: rand.New(rand.NewPCG(seed, 4)),
			}
			s.run(t, 12, StandardOptions{})
		})
	}
}

// TestHalfOfAllFails: one request of 64 texts, one of them poison, through a provider that fails
// every second request. These seeds made a good text fail five times, beside one that passed.
func TestHalfOfAllFails(t *testing.T) {
	for _, seed := range []uint64{292, 1319, 3047, 4462, 4727, 5477, 5573, 5941, 8048, 8817, 10211, 10369} {
		synctest.Test(t, func(t *testing.T) {
			s := &sick{
				fail:    func(int) error { return failed(embedding.Unavailable, 0) },
				limit:   64,
				poison:  []int{7},
				latency: 20 * time.Millisecond,
				chance:  .5,
				rng:     rand.New(rand.NewPCG(seed, 9)),
			}
			s.run(t, 64, StandardOptions{})
		})
	}
}

// TestUnluckyText: ten texts pass at once and one fails for a while, each in a request of its own.
// Ten requests do not say how noisy the provider is.
func TestUnluckyText(t *testing.T) {
	for _, fails := range []int{5, 9, 12, 15} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			f := failsWhere(1, func(texts []string) bool {
				if texts[0] != "text 5" {
					return false
				}
				asked++
				return asked <= fails
			})
			res, err := embedding.Chain(f, Standard(StandardOptions{})).Embed(t.Context(), embedding.Request{Texts: texts(11)})
			expect.NoError(t, err)
			expect.Equal(t, "vectors", len(res.Vectors), 11)
		})
	}
}

// TestNoiseInAPair: noise hits the sound one of two texts as often as it can be asked for while the
// other fails for good. Nothing passes meanwhile that could speak for one of them.
func TestNoiseInAPair(t *testing.T) {
	for poison, sound := range map[int]string{6: "text 7", 7: "text 6"} {
		synctest.Test(t, func(t *testing.T) {
			alone := 0
			f := failsWhere(4, func(texts []string) bool {
				if slices.Equal(texts, []string{sound}) {
					alone++
				}
				return slices.ContainsFunc(texts, poisonous) || slices.Contains(texts, sound) && alone < 20
			})
			req := embedding.Request{Texts: texts(12)}
			req.Texts[poison] = fmt.Sprint("poison ", poison)
			res, err := embedding.Chain(f, Standard(StandardOptions{})).Embed(t.Context(), req)
			expect.Equal(t, "vectors", right(t, f, req, embedding.Salvage(res, err)), 11)
		})
	}
}
