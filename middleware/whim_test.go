package middleware

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// moody is a provider that refuses and fails at random too.
type moody struct {
	*throttled
	refuse, fail float64       // parts of the requests
	says         time.Duration // what a refusal asks for
}

func (p moody) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	e := &embedding.Error{Kind: embedding.RateLimited, Status: 429, RetryAfter: p.says, Err: errors.New("slow down")}
	switch x := rand.Float64(); {
	case x < p.refuse:
	case x < p.refuse+p.fail:
		e = &embedding.Error{Kind: embedding.Unavailable, Status: 503, Err: errors.New("busy")}
	default:
		return p.throttled.Embed(ctx, req)
	}
	if err := sleep(ctx, p.latency/5); err != nil {
		return embedding.Response{}, err
	}
	return embedding.Response{}, e
}

// TestPaceOfRefusalsAtRandom: refusals that come whatever the pace lower it for a while and not
// without end. Without whim the rows take from half an hour to years.
func TestPaceOfRefusalsAtRandom(t *testing.T) {
	for _, c := range []struct {
		name  string
		moody moody
		terms terms
		texts int
		most  time.Duration // on average; the ideal is 13 seconds for 2,000 texts
	}{
		{name: "5 %", moody: moody{refuse: 0.05}, texts: 2000, most: 3 * time.Minute},
		{name: "10 %", moody: moody{refuse: 0.1}, texts: 2000, most: 5 * time.Minute},
		{name: "5 %, Retry-After", moody: moody{refuse: 0.05, says: time.Second}, texts: 2000, most: 15 * time.Minute},
		{name: "2 % for long", moody: moody{refuse: 0.02}, texts: 20_000, most: 15 * time.Minute},
		{name: "15 % for long", moody: moody{refuse: 0.15}, texts: 20_000, most: time.Hour},
		{name: "5 % beside failures", moody: moody{refuse: 0.05, fail: 0.2}, texts: 10_000, most: 30 * time.Minute},
		{name: "5 % and 10 requests a second", moody: moody{refuse: 0.05}, texts: 5000, most: 25 * time.Minute, // ideal: 8 min
			terms: terms{rates: rates{requests: 10}, window: time.Second}},
		{name: "5 % and 240 requests a minute", moody: moody{refuse: 0.05}, texts: 3000, most: 75 * time.Minute, // ideal: 13 min
			terms: terms{rates: rates{requests: 240}, window: time.Minute}},
		{name: "5 % and 4 at once", moody: moody{refuse: 0.05}, texts: 2000, most: 4 * time.Minute,
			terms: terms{rates: rates{atOnce: 4}, window: time.Second, mute: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			runs := max(1, 6000/c.texts)
			var mean time.Duration
			for range runs {
				p := c.moody
				p.throttled = &throttled{terms: c.terms}
				p.latency = 50 * time.Millisecond
				o := single
				o.Batch.Parallel = 8
				o.Retry.Attempts = 20
				synctest.Test(t, func(t *testing.T) {
					p.start = time.Now()
					_, err := embedding.Chain(p, Standard(o)).Embed(t.Context(), embedding.Request{Texts: same(c.texts)})
					expect.NoError(t, err)
					mean += time.Since(p.start) / time.Duration(runs)
				})
			}
			t.Log(mean)
			if mean > c.most {
				t.Errorf("a job took %v on average, want %v at most", mean, c.most)
			}
		})
	}
}

// TestPaceAfterRefusalsAtRandom: when they end, the pace rises again.
func TestPaceAfterRefusalsAtRandom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := moody{throttled: &throttled{}, refuse: 0.1}
		p.latency = 50 * time.Millisecond
		o := single
		o.Batch.Parallel = 8
		e, calm := embedding.Chain(&p, Standard(o)), 0*time.Second
		for i, refuse := range []float64{0.2, 0, 0} {
			p.refuse = refuse
			start := time.Now()
			_, err := e.Embed(t.Context(), embedding.Request{Texts: same(1000)})
			expect.NoError(t, err)
			if calm = time.Since(start); i > 0 {
				t.Log(calm)
			}
		}
		if calm > 13*time.Second {
			t.Errorf("the second job of 1,000 texts without refusals took %v, want about 6 s", calm)
		}
	})
}

// TestWhim: a pace that has fallen by a quarter is halved, and what comes then decides.
func TestWhim(t *testing.T) {
	fall := func() *pace {
		p := &pace{top: 10, span: leastRun, refusals: 1, whim: whim{high: 10, every: 10, eras: 1}}
		for p.whim.phase == falling {
			expect.Equal(t, "above three quarters", p.top > 7.5*0.92, true)
			p.top *= 0.92
			p.byWhim(true, true, 9)
		}
		expect.Equal(t, "phase", p.whim.phase, halved)
		expect.Equal(t, "rate", p.rate(), p.top/2)
		return p
	}
	for _, c := range []struct {
		name  string
		after func(*pace)
		phase phase
		high  bool // the pace is where it was before the fall
	}{
		{"as many requests pass as before", func(p *pace) { p.taken = 10; p.seldom() }, halved, false},
		{"three times as many", func(p *pace) { p.taken = 31; p.seldom() }, falling, false},
		{"one is refused", func(p *pace) { p.byWhim(true, true, 9) }, random, true},
		{"one is refused, and the account took less than was sent", func(p *pace) { p.byWhim(true, false, 9) }, falling, false},
		{"refused, and as often at the pace of before", func(p *pace) {
			for range 50 {
				p.byWhim(false, true, 9)
			}
		}, random, true},
		{"refused, and then more often", func(p *pace) {
			for range 50 {
				p.byWhim(false, true, 1)
			}
		}, falling, true},
		{"refused, and then seldom", func(p *pace) { p.byWhim(true, true, 9); p.taken = 61; p.seldom() }, falling, true},
	} {
		p := fall()
		low := p.top
		c.after(p)
		if p.whim.phase != c.phase || (p.top == 10) != c.high || !c.high && p.top > low {
			t.Errorf("%s: got phase %d and a rate of %.1f after %.1f, want phase %d (and a rate of 10: %t)", c.name, p.whim.phase, p.top, low, c.phase, c.high)
		}
	}
}
