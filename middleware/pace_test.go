package middleware

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// rates are what an account allows; zero is no limit.
type rates struct {
	requests, tokens int // a window
	atOnce           int
}

// throttled is a provider that counts as the emulator's throttle does: a window opens with the first
// request after the last one has closed, and what is refused counts nowhere.
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
	n := estimateTokens(req)
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
	words := ""
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

// judge returns how much longer than the ideal a job took and the part that was refused, without the
// first window and the one after a change.
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

const seeds = 60

func TestPaceOfEightQuotas(t *testing.T) {
	words := func(i int) string { return fmt.Sprint("text ", i, strings.Repeat(" word", 5+(i*7919)%40)) }
	same := func(i int) string { return fmt.Sprintf("text %6d", i) }
	for _, c := range []struct {
		name string
		p    terms
		n    int
		text func(int) string
	}{
		{name: "10 requests a second", n: 1000, text: same, p: terms{rates: rates{requests: 10}, window: time.Second, latency: 80 * time.Millisecond}},
		{name: "40 requests a second, Retry-After", n: 2000, text: same, p: terms{rates: rates{requests: 40}, window: time.Second, latency: 80 * time.Millisecond, says: true}},
		{name: "240 requests a minute", n: 2640, text: same, p: terms{rates: rates{requests: 240}, window: time.Minute, latency: 80 * time.Millisecond, says: true}},
		{name: "600 tokens a second", n: 1000, text: words, p: terms{rates: rates{tokens: 600}, window: time.Second, latency: 80 * time.Millisecond}},
		{name: "9,000 tokens a minute", n: 3500, text: words, p: terms{rates: rates{tokens: 9000}, window: time.Minute, latency: 80 * time.Millisecond, mute: true}},
		{name: "2 at once", n: 1000, text: same, p: terms{rates: rates{atOnce: 2}, window: time.Second, latency: 80 * time.Millisecond, mute: true}},
		{name: "10, then 5 requests a second", n: 2000, text: same, p: terms{rates: rates{requests: 10}, then: rates{requests: 5}, change: 100 * time.Second, window: time.Second, latency: 80 * time.Millisecond}},
		{name: "300, then 600 requests a minute", n: 9000, text: same, p: terms{rates: rates{requests: 300}, then: rates{requests: 600}, change: 10 * time.Minute, window: time.Minute, latency: 80 * time.Millisecond, says: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			worst, most := 0.0, 0.0
			var all []string
			for range seeds {
				p := &throttled{terms: c.p}
				synctest.Test(t, func(t *testing.T) {
					p.start = time.Now()
					e := embedding.Chain(p, Standard(StandardOptions{Batch: BatchOptions{Limits: embedding.Limits{Texts: 1}}}))
					texts := make([]string, c.n)
					for i := range texts {
						texts[i] = c.text(i)
					}
					_, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
					expect.NoError(t, err)
				})
				ratio, refused := p.judge(c.p.rates, c.p.then)
				all = append(all, fmt.Sprintf("%.2f/%.1f", ratio, 100*refused))
				worst, most = max(worst, ratio), max(most, refused)
			}
			t.Log(all)
			t.Logf("%-35s %5d requests  %.2f of the ideal  %.1f %% refused", c.name, c.n, worst, 100*most)
			if worst > 1.15 || most > 0.03 {
				t.Errorf("it took %.2f of the ideal time and %.1f %% were refused, want 1.15 and 3 %% at most", worst, 100*most)
			}
		})
	}
}

func TestPaceSweep(t *testing.T) {
	same := func(i int) string { return fmt.Sprintf("text %6d", i) }
	for how := range algorithm(3) {
		for _, rps := range []int{1, 3, 8, 25, 70} {
			for _, window := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
				for _, says := range []bool{false, true} {
					for _, latency := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 400 * time.Millisecond} {
						if float64(rps)*latency.Seconds() > 6 {
							continue
						}
						r := rates{requests: rps * int(window/time.Second)}
						p := &throttled{terms: terms{rates: r, window: window, how: how, says: says, latency: latency}}
						n := max(1000, 10*r.requests)
						if n > 6000 {
							continue
						}
						synctest.Test(t, func(t *testing.T) {
							p.start = time.Now()
							e := embedding.Chain(p, Standard(StandardOptions{Batch: BatchOptions{Limits: embedding.Limits{Texts: 1}}}))
							texts := make([]string, n)
							for i := range texts {
								texts[i] = same(i)
							}
							_, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
							if err != nil {
								t.Error(err.Error()[:200])
							}
						})
						ratio, refused := p.judge(r, rates{})
						if ratio > 1.15 || refused > 0.03 {
							t.Logf("how %d rps %d window %v says %v latency %v n %d: %.2f %.1f%%", how, rps, window, says, latency, n, ratio, 100*refused)
						}
					}
				}
			}
		}
	}
}
