package middleware

import (
	"context"
	"math"
	"regexp"
	"time"

	"github.com/vecspace/embedding"
)

// pace is what an account is seen to allow. It knows nothing, and costs nothing, until the provider
// refuses a request as too much. Then nobody goes until the provider says, or for a moment; one
// request tries; and what was served from the last such moment to this one is the account's pace,
// exactly so for a quota of a window, whatever its length. From there it is tried a little less,
// then more and more (the curve is that of CUBIC, RFC 9438, in requests instead of seconds), until
// the next refusal.
//
// Where requests are refused only beside others, and served beside fewer, their number is what is
// limited. limiter.mu guards it.
type pace struct {
	on     bool
	bucket *bucket // nil: not by time
	unit   unit    // of the bucket
	most   int     // at once; 0: not limited so

	era      int       // counts refusals of requests that were not sent before another one
	refused  time.Time // when this one's first was
	last     time.Time // when its last was
	told     bool      // when to come again
	until    time.Time // nobody goes before
	held     bool      // since then, no request has passed
	trying   bool      // one is out to pass
	refusals int       // of this era

	tally
	before tally
	active time.Time // when the latest request was sent or answered

	top     float64 // the pace that was measured last
	known   float64 // requests by which it was ever measured
	grown   float64 // requests that had to wait since
	span    float64 // requests until it is as high as measured
	beside  [16]int // how many were served in this era, by how many were under way then
	clash   int     // the fewest that were under way beside one that was refused
	apart   float64 // how much speaks for a limit of those at once
	strikes int     // refusals in a row that speak against it
}

// tally counts what was served since a moment.
type tally struct {
	since          time.Time
	served, tokens float64
}

// unit is what a refusal was about.
type unit uint8

const (
	requests unit = iota
	tokens
	atOnce
)

const (
	// longestHold is for how long callers are kept in the queue while nobody may go. Who has another
	// way to go, or a limit to its patience, is told of longer ones.
	longestHold = 10 * time.Second
	mostHold    = time.Hour // whatever the provider says

	// Requests are refused beside more others than most are served, by chance or by a limit of those
	// at once. It is taken for such a limit if chance were about one in exp(enough); by chance, chancy
	// is more than an era adds on average.
	enough, chancy = 2.6, 0.7
	mostStrikes    = 2

	below    = 0.03 // of what was measured, at first
	leastTry = 50 * time.Millisecond
	mostTry  = 5 * time.Second
	paid     = 50 // requests that are served for each that is refused
	leastRun = 50 // requests from a refusal until the pace is as high as measured
	mostRun  = 500
	doubt    = 10 // the same of a number at once that no refusal has confirmed
)

// answer is what a pace learns of a request.
type answer struct {
	tokens          int // -1: nobody said
	served, refused bool
	after           time.Duration // that the provider wants to be left alone
	unit            unit
}

// Words of refusals by what they count. Everything else counts requests.
var (
	aboutTokens = regexp.MustCompile(`(?i)token|\btpm\b|allocat`)
	aboutAtOnce = regexp.MustCompile(`(?i)concurren|simultaneous|at once|in.?flight|parallel`)
)

// read tells what an answer says of the account.
func read(ctx context.Context, res embedding.Response, err error) answer {
	got := embedding.Salvage(res, err)
	a := answer{tokens: -1, served: len(got.Vectors) > 0}
	if u := got.Usage; u.Tokens > 0 && u.Unmetered == 0 {
		a.tokens = u.Tokens
	}
	if err == nil || ctx.Err() != nil {
		return a
	}
	for e := range causes(err) {
		if e.Kind != embedding.RateLimited || own(e) {
			continue
		}
		a.refused = true
		a.after = max(a.after, min(e.RetryAfter, mostHold))
		words := e.Code
		if e.Err != nil {
			words += " " + e.Err.Error()
		}
		switch {
		case aboutAtOnce.MatchString(words):
			a.unit = atOnce
		case aboutTokens.MatchString(words):
			a.unit = tokens
		}
	}
	return a
}

// left returns how long nobody may go.
func (p *pace) left(now time.Time) time.Duration {
	if !p.held {
		return 0
	}
	return p.until.Sub(now)
}

// wait returns how long a request waits behind others.
func (p *pace) wait(now time.Time, ahead, of, n int) time.Duration {
	if !p.on {
		return 0
	}
	if p.unit == requests {
		of = ahead
	}
	return max(p.left(now), p.bucket.wait(now, of, p.cost(n)))
}

// full reports whether one that is under way must come back first.
func (p *pace) full(out int) bool {
	return p.trying || p.most > 0 && out >= p.most
}

// sent hears of a request that goes.
func (p *pace) sent(t *ticket) {
	if t.beside == 0 && !t.waited && t.at.Sub(p.active) > time.Second && !p.held {
		p.tally = tally{since: t.at} // what was not asked for was not refused
		p.before = p.tally
	}
	p.active = t.at
	t.era = p.era
	if p.held {
		p.trying, t.probe = true, true
	}
	p.bucket.take(p.cost(t.tokens))
}

// cost is what a request of so many tokens takes of the bucket.
func (p *pace) cost(of int) int {
	if p.unit == tokens {
		return of
	}
	return 1
}

// unsent takes sent back.
func (p *pace) unsent(t *ticket) {
	if t.probe {
		p.trying = false
	}
	p.bucket.take(-p.cost(t.tokens))
}

// answered hears how a request went, and returns how long nobody may go if it was refused.
func (p *pace) answered(now time.Time, t ticket, a answer, out int) time.Duration {
	p.active = now
	if t.probe {
		p.trying = false
	}
	if p.unit == tokens {
		p.bucket.take(a.tokens - t.tokens)
	}
	switch {
	case a.refused:
		t.beside = max(t.beside, out) // they may have overtaken it
		p.refuse(now, t, a)
		return max(0, p.until.Sub(now))
	case a.served:
		p.serve(t, a)
	}
	return 0
}

// serve counts a request that was served.
func (p *pace) serve(t ticket, a answer) {
	if p.held && t.probe {
		p.pass(t.at, a.tokens)
	}
	p.served++
	p.tokens += float64(a.tokens)
	if t.era == p.era || p.most == 0 {
		p.beside[min(t.beside, len(p.beside)-1)]++
	}
	if !p.on || !t.waited { // more is not asked for
		return
	}
	p.grown++
	switch {
	case p.bucket != nil:
		p.bucket.set(p.rate())
	case p.most > 0 && p.grown >= 2*p.span:
		p.most++
		p.beside = [16]int{} // how many are served beside one more
		p.grown, p.span = 0, max(doubt, p.span/2)
	}
}

// rate is the curve: a little below what was measured, level there, then ever steeper.
func (p *pace) rate() float64 {
	x := p.grown/p.span - 1
	return p.top * (1 + below*x*x*x)
}

// refuse begins a new era, unless the request was sent before the last one began.
func (p *pace) refuse(now time.Time, t ticket, a answer) {
	if t.era == p.era && !t.probe {
		if p.most > 0 {
			p.crowd(t)
		}
		p.era++
		p.refused, p.clash = now, t.beside
		p.refusals, p.told = 0, false
		p.on, p.held = true, true
		p.until = now
		if a.unit != atOnce && p.bucket == nil {
			p.unit = a.unit
		}
	}
	if a.unit == atOnce && p.most == 0 && p.apart == 0 {
		p.apart = enough / 2 // words are as good as a few eras
	}
	p.refusals++
	p.last = now
	p.clash = min(p.clash, t.beside)
	if p.most > 0 && t.beside > 0 {
		p.span = min(mostRun, max(leastRun, paid*float64(p.refusals)))
		if a.after == 0 {
			p.held = false // until one of them comes back
			return
		}
	}
	if a.after > 0 {
		p.told = true
		p.until = later(p.until, now.Add(a.after))
		return
	}
	if p.refusals == 1 || t.probe {
		p.until = later(p.until, now.Add(min(mostTry, max(leastTry, now.Sub(p.refused)/3))))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// pass ends an era's hold: one request was served that was sent at a moment.
func (p *pace) pass(at time.Time, of int) {
	p.held = false
	if p.most > 0 {
		return
	}
	if share, n := p.share(p.clash); n >= 4 {
		p.apart = max(0, p.apart-math.Log(max(share, 0.12))-chancy)
	}
	for i := range p.beside { // what was earlier says less
		p.beside[i] = p.beside[i] * 3 / 4
	}
	if p.apart >= enough && p.clash > 0 {
		p.most, p.bucket, p.grown, p.unit = p.clash, nil, 0, requests
		p.span = doubt
		return
	}
	if p.bucket == nil && p.served == 0 && !p.told { // refusals alone are no measure
		p.tally = tally{since: at}
		p.before = p.tally
		return
	}
	// A short time says little: a small request may pass where a larger one does not.
	if p.refused.Sub(p.since) < 400*time.Millisecond {
		p.since, p.served, p.tokens = p.before.since, p.served+p.before.served, p.tokens+p.before.tokens
	}
	p.before = p.tally
	var (
		took = max(at.Sub(p.since).Seconds(), 0.001)
		idle = at.Sub(p.refused).Seconds()
		// The quota was there again at some moment between the last refusal, or the second before the one
		// that the provider named in whole seconds, and now. No quota's window is shorter than a second.
		gap   = at.Sub(p.last).Seconds()
		count = max(p.served, 1)
	)
	if p.unit == tokens {
		count = max(p.tokens, float64(of))
	}
	if p.told {
		gap = min(gap, 1)
	}
	open := max(took-gap, min(took, 1))
	top := count / open
	if p.bucket != nil {
		most := p.rate()        // was too much
		if p.grown < p.span/2 { // which was less than was measured
			most *= 0.95
		}
		if took < 1 {
			top = most
		}
		top = max(min(top, most), count/took, p.top/2)
		p.span = min(mostRun, max(leastRun, paid*float64(p.refusals), 20*idle*p.served/took))
	} else {
		p.bucket, p.span = &bucket{}, leastRun
	}
	// The first requests of a job say little, and the first few nothing.
	p.known += p.served
	p.span = min(p.span, max(1, p.known*p.known/16))
	p.top = top
	p.grown = 0
	p.bucket.set(p.rate())
	p.tally = tally{since: at}
}

// share returns what part of the n requests that were served was served beside so many others.
func (p *pace) share(beside int) (part float64, n int) {
	some := 0
	for i, k := range p.beside {
		if n += k; i >= beside {
			some += k
		}
	}
	return float64(some) / float64(max(1, n)), n
}

// crowd hears that a request was refused although no more than most were under way.
func (p *pace) crowd(t ticket) {
	p.most--
	share, n := p.share(t.beside)
	switch {
	case share < 0.2: // one more was tried, which is too much
		p.strikes = 0
	case share > 0.5 && n >= 4:
		p.strikes++
	}
	if p.strikes == mostStrikes || p.most == 0 { // it is not their number
		p.most, p.strikes, p.apart = 0, 0, 0
	}
	p.grown, p.beside = 0, [16]int{}
}

// set changes the rate of a bucket to so many units a second.
func (b *bucket) set(rate float64) {
	b.refill(time.Now())
	b.rate, b.burst = rate, max(1, rate/50)
	b.level = min(b.level, b.burst)
}

// askAfter gives a refusal that does not say when to ask again the time for which Limit holds
// others back, so that no pause of Retry's comes on top of it.
func askAfter(err error, hold time.Duration) error {
	e, ok := err.(*embedding.Error)
	if !ok || e.RetryAfter > 0 {
		return err
	}
	own := *e
	own.RetryAfter = hold
	return &own
}

func leftAlone(m embedding.Model, left time.Duration) error {
	e := m.Errorf(embedding.RateLimited,
		"middleware.Limit: the provider has refused a request as too much, and asked to be left alone so long")
	e.Code, e.RetryAfter = CodeLimit, left
	return e
}
