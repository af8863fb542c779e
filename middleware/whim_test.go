package middleware

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
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
		most  time.Duration // of the median; the ideal is 13 seconds for 2,000 texts
	}{
		{name: "5 %", moody: moody{refuse: 0.05}, texts: 2000, most: 90 * time.Second},
		{name: "10 %", moody: moody{refuse: 0.1}, texts: 2000, most: 3 * time.Minute},
		{name: "5 %, Retry-After", moody: moody{refuse: 0.05, says: time.Second}, texts: 2000, most: 9 * time.Minute},
		{name: "2 % for long", moody: moody{refuse: 0.02}, texts: 20_000, most: 10 * time.Minute},
		{name: "15 % for long", moody: moody{refuse: 0.15}, texts: 20_000, most: 40 * time.Minute},
		{name: "5 % beside failures", moody: moody{refuse: 0.05, fail: 0.2}, texts: 10_000, most: 20 * time.Minute},
		{name: "5 % and 10 requests a second", moody: moody{refuse: 0.05}, texts: 5000, most: 20 * time.Minute, // ideal: 8 min
			terms: terms{rates: rates{requests: 10}, window: time.Second}},
		{name: "5 % and 240 requests a minute", moody: moody{refuse: 0.05}, texts: 3000, most: 75 * time.Minute, // ideal: 13 min
			terms: terms{rates: rates{requests: 240}, window: time.Minute}},
		{name: "5 % and 4 at once", moody: moody{refuse: 0.05}, texts: 2000, most: 3 * time.Minute,
			terms: terms{rates: rates{atOnce: 4}, window: time.Second, mute: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var took []time.Duration // one in a hundred takes several times the median
			for len(took) < max(3, 12_000/c.texts|1) {
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
					took = append(took, time.Since(p.start))
				})
			}
			slices.Sort(took)
			median := took[len(took)/2]
			t.Log(median)
			if median > c.most {
				t.Errorf("the median of %d jobs is %v, want %v at most: %v", len(took), median, c.most, took)
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
	begin := func() *pace {
		return &pace{top: 10, span: leastRun, refusals: 1, whim: whim{high: 10, every: 10, eras: 1}}
	}
	fall := func(p *pace) {
		for range 4 { // to 7.2
			p.top *= 0.92
			p.byWhim(true, true, 9)
		}
	}
	low := 10 * 0.92 * 0.92 * 0.92 * 0.92
	for _, c := range []struct {
		name  string
		after func(*pace)
		phase phase
		top   float64
	}{
		{"a fall by a quarter", func(*pace) {}, halved, low},
		{"as many requests pass as before", func(p *pace) { p.taken = 10; p.seldom() }, halved, low},
		{"three times as many", func(p *pace) { p.taken = 31; p.seldom() }, falling, low * cautious},
		{"one is refused", func(p *pace) { p.byWhim(true, true, 9) }, random, 10},
		{"one is refused, and the account took less than was sent", func(p *pace) { p.byWhim(true, false, 9) }, falling, low},
		{"random, and as often at the pace of before", func(p *pace) {
			for range 50 {
				p.byWhim(false, true, 9)
			}
		}, random, 10},
		{"random, and then more often", func(p *pace) {
			for range 50 {
				p.byWhim(false, true, 1)
			}
		}, falling, 10},
		{"random, and soon more often below the measured rate too", func(p *pace) {
			p.byWhim(true, true, 9)
			for range 50 {
				p.byWhim(true, true, 3)
			}
			for range 50 {
				p.byWhim(false, true, 3)
			}
		}, random, 10},
		{"random, and then seldom", func(p *pace) { p.byWhim(true, true, 9); p.taken = 61; p.seldom() }, falling, 10},
	} {
		p := begin()
		fall(p)
		c.after(p)
		if p.whim.phase != c.phase || math.Abs(p.top-c.top) > 1e-9 {
			t.Errorf("%s: got phase %d and a measured rate of %.2f, want %d and %.2f", c.name, p.whim.phase, p.top, c.phase, c.top)
		}
		if rate := p.rate(); p.whim.phase == halved && rate != p.top/2 {
			t.Errorf("%s: got a rate of %.2f, want half of %.2f", c.name, rate, p.top)
		}
	}
	p := begin()
	p.byWhim(true, true, 19)
	p.byWhim(true, true, 29)
	expect.Equal(t, "requests for each refusal, after 10, 20 and 30", p.whim.every, 20)
	// What is no fall leaves the pace as it is, and another one can begin.
	for name, other := range map[string]func(*pace){
		"the pace was back":           func(p *pace) { p.grown = 2*p.span + 500; p.byWhim(false, true, 9); p.grown = 0 },
		"refusals were rare":          func(p *pace) { p.byWhim(true, true, 9); p.byWhim(true, true, 9); p.byWhim(true, true, 61) },
		"the account took less":       func(p *pace) { p.byWhim(true, false, 9) },
		"the measurement is poor yet": func(p *pace) { p.span = leastRun / 2; p.byWhim(true, true, 9); p.span = leastRun },
	} {
		p := begin()
		other(p)
		expect.Equal(t, name+": the rate at the beginning of a fall", p.whim.high, 0)
		expect.Equal(t, name+": phase", p.whim.phase, falling)
	}
}

// TestChanceBringsNoEvidence: refusals beside any number of others, none more likely than another,
// do not add up to a limit of requests at once.
func TestChanceBringsNoEvidence(t *testing.T) {
	sum := 0.0
	for clash := range 16 {
		p := &pace{bucket: &bucket{}, top: 10, span: leastRun, refusals: 1, clash: clash, apart: 1, tally: tally{taken: 100}}
		for i := range p.beside {
			p.beside[i] = 100
		}
		p.pass(time.Now(), 0)
		sum += p.apart - 1
	}
	if sum > 0 {
		t.Errorf("16 refusals add %.2f to the evidence, want nothing or less", sum)
	}
}

// TestOneLimitAfterAnother: where the number of requests at once is the limit, what is known of
// refusals by the pace is forgotten.
func TestOneLimitAfterAnother(t *testing.T) {
	p := &pace{bucket: &bucket{}, top: 10, span: leastRun, refusals: 1, clash: 2, apart: 2 * enough, whim: whim{phase: halved, high: 10}}
	p.pass(time.Now(), 0)
	expect.Equal(t, "requests at once", p.most, 2)
	expect.Equal(t, "what is known of refusals by the pace", p.whim, whim{})
}

// TestFailuresOfBulkCountAsBulk: otherwise a failing bulk job seems to share its account with
// queries, and Limit takes what it asks for as all there is.
func TestFailuresOfBulkCountAsBulk(t *testing.T) {
	for _, u := range []unit{requests, tokens} {
		p := &pace{bucket: &bucket{}, unit: u}
		p.answered(time.Now(), ticket{lane: Bulk, tokens: 7}, answer{tokens: 7}, 0)
		p.answered(time.Now(), ticket{lane: Bulk, tokens: 7}, answer{tokens: 5, served: true}, 0)
		all := p.taken
		if u == tokens {
			all = p.tokens
		}
		expect.Equal(t, "taken by bulk", p.bulk, all)
	}
}
