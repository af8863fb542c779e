package middleware

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
)

// rates are what an account allows; zero is no limit.
type rates struct {
	requests, tokens int // a window
	atOnce           int
}

// throttled is a provider that counts as the emulator's throttle does: a window opens with the
// first request after the last one has closed, and what is refused counts nowhere.
type throttled struct {
	terms
	start    time.Time
	mu       sync.Mutex
	opened   time.Time
	used     rates
	level    float64 // of a bucket, in parts of a window
	out      int
	accepted []event
	refused  []event
}

// terms are what a provider allows and how it says so.
type terms struct {
	rates
	window  time.Duration
	how     algorithm     // of counting
	then    rates         // after change; zero: no change
	change  time.Duration // from the start
	says    bool          // Retry-After, in whole seconds
	mute    bool          // its words do not say what it counts
	latency time.Duration // on average; a tenth of it passes before the request is counted
}

type event struct {
	at     time.Duration
	tokens int
}

func (p *throttled) Model() embedding.Model {
	return embedding.Model{Provider: "p", ID: "m", Space: "s", Dimensions: 1}
}

func (p *throttled) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	latency := p.latency/2 + rand.N(p.latency)
	if err := sleep(ctx, latency/10); err != nil {
		return embedding.Response{}, err
	}
	n := embedding.EstimateTokens(req.Texts...)
	err := p.enter(n)
	if err != nil {
		_ = sleep(ctx, latency/10)
		return embedding.Response{}, err
	}
	err = sleep(ctx, latency*8/10)
	p.mu.Lock()
	p.out--
	p.mu.Unlock()
	if err == nil {
		err = sleep(ctx, latency/10)
	}
	if err != nil {
		return embedding.Response{}, err
	}
	res := embedding.Response{Usage: embedding.Usage{Requests: 1, Tokens: n}}
	for range req.Texts {
		res.Vectors = append(res.Vectors, []float32{1})
	}
	return res, nil
}

func (p *throttled) enter(n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.then != (rates{}) && now.Sub(p.start) >= p.change {
		p.rates, p.then = p.then, rates{}
	}
	p.roll(now)
	var words string
	switch {
	case p.requests > 0 && p.used.requests >= p.requests:
		words = "too many requests"
	case p.tokens > 0 && p.used.tokens > 0 && p.used.tokens+n > p.tokens:
		words = "too many tokens"
	case p.atOnce > 0 && p.out >= p.atOnce:
		words = "too many concurrent requests"
	default:
		p.used.requests, p.used.tokens = p.used.requests+1, p.used.tokens+n
		p.out++
		p.accepted = append(p.accepted, event{now.Sub(p.start), n})
		return nil
	}
	p.refused = append(p.refused, event{now.Sub(p.start), n})
	e := &embedding.Error{Kind: embedding.RateLimited, Status: 429, Err: errors.New(words)}
	if p.mute {
		e.Err = errors.New("slow down")
	}
	if p.says {
		e.RetryAfter = (p.opened.Add(p.window).Sub(now) + time.Second - 1).Truncate(time.Second)
		if p.atOnce > 0 {
			e.RetryAfter = time.Second
		}
	}
	return e
}

// algorithm is how quotas are counted.
type algorithm int

const (
	fixed   algorithm = iota // as the emulator does
	sliding                  // the latest window
	filling                  // a bucket of a second's quota
)

// roll counts what is used of the quota now.
func (p *throttled) roll(now time.Time) {
	switch p.how {
	case fixed:
		if now.Sub(p.opened) >= p.window {
			p.opened, p.used = now, rates{}
		}
	case sliding:
		p.used = rates{}
		for i := len(p.accepted) - 1; i >= 0 && now.Sub(p.start)-p.accepted[i].at < p.window; i-- {
			p.used.requests, p.used.tokens = p.used.requests+1, p.used.tokens+p.accepted[i].tokens
			p.opened = p.start.Add(p.accepted[i].at)
		}
	case filling:
		p.opened = now.Add(time.Millisecond - p.window) // an answer says the least that it can
		p.used = rates{}
		gone := now.Sub(p.start).Seconds() * float64(p.requests) / p.window.Seconds()
		full := max(1, float64(p.requests)/p.window.Seconds())
		p.level = max(p.level, gone) // what was taken beyond the first full bucket, and what has run over
		if p.level+1-full > gone {
			p.used.requests = p.requests
		} else {
			p.level++
		}
	}
}

// ideal is how long so many requests and tokens take at these rates, spread evenly.
func (p *throttled) ideal(r rates, requests, tokens int) time.Duration {
	d := time.Duration(0)
	if r.requests > 0 {
		d = max(d, p.window*time.Duration(requests)/time.Duration(r.requests))
	}
	if r.tokens > 0 {
		d = max(d, time.Duration(float64(p.window)*float64(tokens)/float64(r.tokens)))
	}
	if r.atOnce > 0 {
		d = max(d, p.latency*time.Duration(requests)/time.Duration(r.atOnce))
	}
	return d
}

// judge returns how much longer than the ideal a job took and the part that was refused, without
// the first window and the one after a change.
func (p *throttled) judge(first, second rates) (ratio, refused float64) {
	type span struct {
		from, to time.Duration
		r        rates
	}
	end := p.accepted[len(p.accepted)-1].at
	spans := []span{{p.window, end, first}}
	if second != (rates{}) {
		spans = []span{{p.window, p.change, first}, {p.change + p.window, end, second}}
	}
	took, ideal, bad, good := time.Duration(0), time.Duration(0), 0, 0
	for _, s := range spans {
		n, tokens := 0, 0
		for _, e := range p.accepted {
			if e.at >= s.from && e.at < s.to {
				n, tokens = n+1, tokens+e.tokens
			}
		}
		for _, e := range p.refused {
			if e.at >= s.from && e.at < s.to {
				bad++
			}
		}
		good += n
		took += s.to - s.from
		ideal += p.ideal(s.r, n, tokens)
	}
	return float64(took) / float64(ideal), float64(bad) / float64(good+bad)
}

// run embeds n texts by the standard stack, and returns how long it took and how many requests were
// sent.
func (p *throttled) run(t *testing.T, o StandardOptions, texts []string) (took time.Duration, err error) {
	synctest.Test(t, func(t *testing.T) {
		p.start = time.Now()
		e := embedding.Chain(p, Standard(o))
		_, err = e.Embed(t.Context(), embedding.Request{Texts: texts})
		took = time.Since(p.start)
	})
	return took, err
}

// same are n texts of one length.
func same(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("text %6d", i)
	}
	return out
}

// mixed are n texts of 6 to 50 tokens.
func mixed(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("text ", i, strings.Repeat(" word", 5+(i*7919)%40))
	}
	return out
}

// single has each text in a request of its own.
var single = StandardOptions{Batch: BatchOptions{Limits: embedding.Limits{Texts: 1}}}

// TestPaceOfEightQuotas: nobody says what the account allows; go test -v prints the table, of
// several runs because the latencies are random.
func TestPaceOfEightQuotas(t *testing.T) {
	const latency = 80 * time.Millisecond
	for _, c := range []struct {
		name  string
		texts []string
		terms terms
	}{
		{name: "10 requests a second", texts: same(1000), terms: terms{rates: rates{requests: 10}, window: time.Second}},
		{name: "40 requests a second, Retry-After", texts: same(2000), terms: terms{rates: rates{requests: 40}, window: time.Second, says: true}},
		{name: "240 requests a minute, Retry-After", texts: same(2640), terms: terms{rates: rates{requests: 240}, window: time.Minute, says: true}},
		{name: "600 tokens a second", texts: mixed(1000), terms: terms{rates: rates{tokens: 600}, window: time.Second}},
		{name: "9,000 tokens a minute, without words", texts: mixed(3500), terms: terms{rates: rates{tokens: 9000}, window: time.Minute, mute: true}},
		{name: "2 at once, without words", texts: same(1000), terms: terms{rates: rates{atOnce: 2}, window: time.Second, mute: true}},
		{name: "10, then 5 requests a second", texts: same(2000),
			terms: terms{rates: rates{requests: 10}, then: rates{requests: 5}, change: 100 * time.Second, window: time.Second}},
		{name: "300, then 600 requests a minute, Retry-After", texts: same(9000),
			terms: terms{rates: rates{requests: 300}, then: rates{requests: 600}, change: 10 * time.Minute, window: time.Minute, says: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			const runs = 5
			mean, share := 0.0, 0.0
			for range runs {
				p := &throttled{terms: c.terms}
				p.latency = latency
				_, err := p.run(t, single, c.texts)
				expect.NoError(t, err)
				ratio, refused := p.judge(c.terms.rates, c.terms.then)
				mean, share = mean+ratio/runs, share+refused/runs
			}
			t.Logf("%-45s %5d requests  %.2f of the ideal  %.1f %% refused", c.name, len(c.texts), mean, 100*share)
			if mean > 1.15 || share > 0.03 {
				t.Errorf("%.2f of the ideal time and %.1f %% were refused, want 1.15 and 3 %% at most", mean, 100*share)
			}
		})
	}
}

// TestPaceByAnyAlgorithm: the pace is not made for one way of counting.
func TestPaceByAnyAlgorithm(t *testing.T) {
	for how := range algorithm(3) {
		for _, rps := range []int{3, 8, 25} {
			for _, window := range []time.Duration{time.Second, time.Minute} {
				for _, says := range []bool{false, true} {
					r := rates{requests: rps * int(window/time.Second)}
					p := &throttled{terms: terms{rates: r, window: window, how: how, says: says, latency: 100 * time.Millisecond}}
					_, err := p.run(t, single, same(max(1000, 3*r.requests)))
					expect.NoError(t, err)
					if ratio, refused := p.judge(r, rates{}); ratio > 1.5 || refused > 0.06 {
						t.Errorf("algorithm %d, %d a second in windows of %v, Retry-After %t: %.2f of the ideal time and %.1f %% refused, want 1.5 and 6 %% at most",
							how, rps, window, says, ratio, 100*refused)
					}
				}
			}
		}
	}
}

// TestPaceOfABusyAccount: three jobs that a healthy, busy account made slow and incomplete.
func TestPaceOfABusyAccount(t *testing.T) {
	exact := single
	exact.Limit = LimitOptions{RPM: 300}
	for _, c := range []struct {
		name    string
		o       StandardOptions
		texts   []string
		terms   terms
		most    time.Duration
		refused float64
	}{
		{name: "600 a minute, no Limit", o: single, texts: same(100), most: 12 * time.Second, refused: 0.15,
			terms: terms{rates: rates{requests: 10}, window: time.Second, latency: 80 * time.Millisecond}},
		{name: "1,440 texts at 4 requests a second", o: StandardOptions{Batch: BatchOptions{Limits: embedding.Limits{Texts: 10}}}, texts: same(1440),
			most: 46 * time.Second, refused: 0.12, terms: terms{rates: rates{requests: 4}, window: time.Second, latency: 300 * time.Millisecond}},
		{name: "Limit at exactly the quota", o: exact, texts: same(1000), most: 250 * time.Second, refused: 0.03,
			terms: terms{rates: rates{requests: 5}, window: time.Second, latency: 300 * time.Millisecond}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &throttled{terms: c.terms}
			took, err := p.run(t, c.o, c.texts)
			refused := float64(len(p.refused)) / float64(len(p.refused)+len(p.accepted))
			t.Logf("%s: %v, the ideal is %v; %.1f %% refused", c.name, took.Round(time.Second), p.ideal(p.rates, len(p.accepted), 0), 100*refused)
			expect.NoError(t, err)
			if took > c.most || refused > c.refused {
				t.Errorf("%v and %.1f %% refused, want %v and %.0f %% at most", took, 100*refused, c.most, 100*c.refused)
			}
		})
	}
}

// TestPaceOfAQuietAccount: until something is refused, Limit neither waits nor allocates.
func TestPaceOfAQuietAccount(t *testing.T) {
	if !race.Enabled {
		e := embedding.Chain(newStill(), Limit(LimitOptions{}))
		ctx, req := t.Context(), embedding.Request{Texts: longTexts(10)}
		if got := testing.AllocsPerRun(500, func() { _, _ = e.Embed(ctx, req) }); got > 0 {
			t.Errorf("a call allocates %v objects, want none", got)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		e := embedding.Chain(&target{latency: time.Second}, Limit(LimitOptions{}))
		start := time.Now()
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() { expect.NoError(t, ask(t.Context(), e, "a")) })
		}
		wg.Wait()
		expect.Equal(t, "1,000 calls of a second, all at once, took", time.Since(start), time.Second)
	})
}

// TestPaceLeavesAlone: who would wait for long because the provider said so is told, and nobody is
// asked.
func TestPaceLeavesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &target{whole: failed(embedding.RateLimited, time.Minute)}
		e := embedding.Chain(p, Limit(LimitOptions{}))
		_ = ask(t.Context(), e, "a")
		time.Sleep(20 * time.Second)
		err := ask(t.Context(), e, "a")
		ours, ok := errors.AsType[*embedding.Error](err)
		if !ok || ours.Kind != embedding.RateLimited || ours.Code != CodeLimit || ours.RetryAfter != 40*time.Second || p.calls != 1 {
			t.Errorf("%d requests, then %v, want one and to be told of 40 s", p.calls, err)
		}
		p.set(nil)
		time.Sleep(32 * time.Second) // a wait of 8 s is in the queue
		start := time.Now()
		err = ask(t.Context(), e, "a")
		expect.NoError(t, err)
		expect.Equal(t, "the wait in the queue", time.Since(start), 8*time.Second)
		// A caller who cannot wait so long is told of it, also if it came before the refusal.
		short, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		p.set(failed(embedding.RateLimited, 5*time.Second))
		p.latency = 100 * time.Millisecond
		var wg sync.WaitGroup
		wg.Go(func() { _ = ask(t.Context(), e, "a") })
		synctest.Wait()
		wg.Go(func() {
			start := time.Now()
			err := ask(short, e, "a")
			if ours, ok := errors.AsType[*embedding.Error](err); !ok || ours.Code != CodeLimit || time.Since(start) > 200*time.Millisecond {
				t.Errorf("after %v: %v, want to be told at the refusal", time.Since(start), err)
			}
		})
		wg.Wait()
	})
}

// TestPacesOfTwoProcesses: two that share an account and know nothing of each other use it, and
// refusals are few.
func TestPacesOfTwoProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &throttled{terms: terms{rates: rates{requests: 20}, window: time.Second, latency: 80 * time.Millisecond}, start: time.Now()}
		var wg sync.WaitGroup
		for range 2 {
			e := embedding.Chain(p, Standard(single))
			wg.Go(func() {
				_, err := e.Embed(t.Context(), embedding.Request{Texts: same(2000)})
				expect.NoError(t, err)
			})
		}
		wg.Wait()
		ratio, refused := p.judge(p.rates, rates{})
		t.Logf("two processes: %.2f of the ideal, %.1f %% refused", ratio, 100*refused)
		if ratio > 2 || refused > 0.1 {
			t.Errorf("%.2f of the ideal time and %.1f %% refused, want 2 and 10 %% at most", ratio, 100*refused)
		}
	})
}

// TestPaceOfASmallAccount: three requests a minute serve all in the end, however long that takes.
func TestPaceOfASmallAccount(t *testing.T) {
	for _, says := range []bool{false, true} {
		p := &throttled{terms: terms{rates: rates{requests: 3}, window: time.Minute, latency: 80 * time.Millisecond, says: says}}
		took, err := p.run(t, single, same(60))
		expect.NoError(t, err)
		if ratio, refused := p.judge(p.rates, rates{}); ratio > 1.3 {
			t.Errorf("Retry-After %t: %v, %.2f of the ideal, %.1f %% refused, want 1.3 at most", says, took, ratio, 100*refused)
		}
	}
}

// TestPaceOfANumberThatChanges: more or fewer requests at once than were learned.
func TestPaceOfANumberThatChanges(t *testing.T) {
	for _, c := range []struct{ first, then int }{{4, 2}, {2, 4}} {
		p := &throttled{terms: terms{rates: rates{atOnce: c.first}, then: rates{atOnce: c.then}, change: 20 * time.Second, window: time.Second, latency: 80 * time.Millisecond}}
		_, err := p.run(t, single, same(3000))
		expect.NoError(t, err)
		if ratio, refused := p.judge(rates{atOnce: c.first}, rates{atOnce: c.then}); ratio > 1.3 || refused > 0.03 {
			t.Errorf("%d, then %d: %.2f of the ideal time and %.1f %% refused, want 1.3 and 3 %% at most", c.first, c.then, ratio, 100*refused)
		}
	}
}

// hasty refuses a few requests after some others, and then none.
type hasty struct {
	target
	latency       time.Duration
	after, refuse int32
	says          time.Duration
	sent          atomic.Int32
}

func (p *hasty) Embed(ctx context.Context, _ embedding.Request) (embedding.Response, error) {
	n := p.sent.Add(1) - p.after
	switch err := sleep(ctx, p.latency); {
	case err != nil:
		return embedding.Response{}, err
	case n > 0 && n <= p.refuse:
		return embedding.Response{}, &embedding.Error{Kind: embedding.RateLimited, Status: 429, RetryAfter: p.says, Err: errors.New("slow down")}
	}
	return embedding.Response{Vectors: [][]float32{{1}}}, nil
}

// TestPaceOfAnEarlyRefusal: a few refusals at the beginning of a job say little of what an account
// allows, and do not slow the whole job down.
func TestPaceOfAnEarlyRefusal(t *testing.T) {
	const n, latency = 1000, 50 * time.Millisecond
	for _, c := range []struct {
		name   string
		after  int32 // requests that come before them
		refuse int32
		says   time.Duration
		most   time.Duration
	}{
		{name: "the first, Retry-After", refuse: 1, says: 3 * time.Second, most: 24 * time.Second},
		{name: "eight at once", refuse: 8, most: 15 * time.Second},
		{name: "eight at once, Retry-After", refuse: 8, says: 3 * time.Second, most: 24 * time.Second},
		{name: "the fifth, Retry-After", after: 4, refuse: 1, says: 3 * time.Second, most: 24 * time.Second},
		{name: "the tenth, Retry-After", after: 9, refuse: 1, says: 3 * time.Second, most: 24 * time.Second},
		{name: "the fifteenth", after: 14, refuse: 3, most: 24 * time.Second},
		{name: "twenty in a row", refuse: 20, most: 24 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &hasty{latency: latency, after: c.after, refuse: c.refuse, says: c.says}
				o := single
				o.Batch.Parallel = 8
				start := time.Now()
				_, err := embedding.Chain(p, Standard(o)).Embed(t.Context(), embedding.Request{Texts: same(n)})
				expect.NoError(t, err)
				took := time.Since(start)
				t.Log(took)
				if took > c.most {
					t.Errorf("the job took %v, want %v at most", took, c.most)
				}
			})
		})
	}
}
