package middleware

import (
	"context"
	"math"
	"regexp"
	"time"

	"github.com/vecspace/embedding"
)

// pace is what Limit has learned about an account. Before the first refusal it costs nothing.
//
// A refusal as too much starts an era. Everybody waits for as long as the provider says, or for a
// moment, and then one request tries. When it passes, the requests served since the previous such
// moment give the account's rate. This is exact for a quota per window, however long the window is.
// The next requests go a little below the measured rate, and then faster and faster along the curve
// of CUBIC (RFC 9438, in requests instead of seconds) until the next refusal.
//
// If requests are refused only beside others, and served beside fewer, the account limits
// concurrent requests. If they are refused as often at a much lower pace, the account refuses at
// random, and refusals do not lower the pace; see whim. limiter.mu guards a pace.
type pace struct {
	on     bool
	bucket *bucket // nil means no limit by time
	unit   unit    // what the bucket counts
	most   int     // concurrent requests; 0 means no such limit

	era      int       // counts refusals, except those of requests sent before an earlier refusal
	refused  time.Time // first refusal of this era
	last     time.Time // last refusal of this era
	told     bool      // the provider said how long to wait
	until    time.Time // no request is sent before
	held     bool      // no request has passed since the refusal
	trying   bool      // one request is trying
	refusals int       // of this era
	again    int       // those of them that answered a trying request

	tally
	before tally
	active time.Time // when the latest request was sent or answered

	top     float64 // the pace that was measured last
	known   float64 // the most requests that a measurement had
	grown   float64 // requests since then that had to wait
	span    float64 // requests until the pace is back at the measured rate
	beside  [16]int // requests served in this era, by the number of others in flight
	clash   int     // the fewest in flight beside a refused request
	apart   float64 // evidence for a limit of concurrent requests
	strikes int     // refusals in a row that speak against such a limit
	whim    whim
}

// tally counts requests and tokens that the account has taken since a moment. A request is taken if
// it is served. Once there is a bucket, one that fails for another reason than a refusal is too,
// because providers count attempts.
type tally struct {
	since         time.Time
	taken, tokens float64
	bulk          float64 // of them in the lane Bulk, in units of the bucket
	paused        float64 // seconds of earlier holds
}

// unit is what a refusal was about.
type unit uint8

const (
	requests unit = iota
	tokens
	atOnce
)

const (
	// longestHold is the longest hold for which callers stay in the queue. A longer one is an error,
	// so that Fallback can move on.
	longestHold = 10 * time.Second
	mostHold    = time.Hour // even if the provider asks for more

	// A request may be refused beside more others than most served ones, by chance or because of a
	// limit of concurrent requests. The pace assumes such a limit if the probability of chance is
	// below about exp(-enough). chancy is more than chance adds per era on average, which is 0.88 at
	// most: by chance, shares are even between 0 and 1, and one below 0.12 counts as 0.12.
	enough, chancy = 2.6, 0.9
	mostStrikes    = 2

	below    = 0.03 // how far below the measured rate the pace starts
	leastTry = 50 * time.Millisecond
	mostTry  = 5 * time.Second
	paid     = 50 // requests served per refusal
	leastRun = 50 // requests from a refusal until the pace is back at the measured rate
	mostRun  = 500
	doubt    = 10 // leastRun for a concurrency limit that no refusal has confirmed
)

// answer is the outcome of a request, as a pace sees it.
type answer struct {
	tokens          int // -1 means unknown
	served, refused bool
	after           time.Duration // wait that the provider asks for
	unit            unit
}

// Words of refusals that say what the limit counts. All others count requests.
var (
	aboutTokens = regexp.MustCompile(`(?i)token|\btpm\b|allocat`)
	aboutAtOnce = regexp.MustCompile(`(?i)concurren|simultaneous|at once|in.?flight|parallel`)
)

// read returns the outcome of a request.
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

// left returns the remaining hold.
func (p *pace) left(now time.Time) time.Duration {
	if !p.held {
		return 0
	}
	return p.until.Sub(now)
}

// wait returns how long a request waits behind others.
func (p *pace) wait(now time.Time, lane Lane, before ahead, n int) time.Duration {
	if !p.on {
		return 0
	}
	behind := before.tokens
	if p.unit == requests {
		behind = before.requests
	}
	return max(p.left(now), p.bucket.wait(now, lane, behind, p.cost(n)))
}

// sent records that a request is sent.
func (p *pace) sent(t *ticket) {
	if t.beside == 0 && !t.waited && t.at.Sub(p.active) > time.Second && !p.held {
		p.tally = tally{since: t.at} // an idle account refuses nothing
		p.before = p.tally
	}
	p.active = t.at
	t.era = p.era
	if p.held {
		p.trying, t.probe = true, true
	}
	p.bucket.take(t.lane, p.cost(t.tokens))
}

// cost returns what a request with so many tokens takes from the bucket.
func (p *pace) cost(of int) int {
	if p.unit == tokens {
		return of
	}
	return 1
}

// unsent undoes sent.
func (p *pace) unsent(t *ticket) {
	if t.probe {
		p.trying = false
	}
	p.bucket.take(t.lane, -p.cost(t.tokens))
}

// answered records the outcome of a request. It returns the hold that follows from a refusal.
func (p *pace) answered(now time.Time, t ticket, a answer, out int) time.Duration {
	p.active = now
	if t.probe {
		p.trying = false
	}
	if p.unit == tokens {
		p.bucket.take(t.lane, a.tokens-t.tokens)
	}
	switch {
	case a.refused:
		t.beside = max(t.beside, out) // others may have overtaken it
		p.refuse(now, t, a)
		return max(0, p.until.Sub(now))
	case a.served:
		p.serve(t, a)
	case p.bucket != nil:
		p.take(t.lane, a.tokens)
	}
	return 0
}

// take counts a request that the account has taken.
func (p *pace) take(lane Lane, tokens int) {
	p.taken++
	p.tokens += float64(tokens)
	if lane == Bulk {
		p.bulk += float64(p.cost(tokens))
	}
}

// serve records a served request.
func (p *pace) serve(t ticket, a answer) {
	if p.held && t.probe {
		p.pass(t.at, a.tokens)
	}
	p.take(t.lane, a.tokens)
	if t.era == p.era || p.most == 0 {
		p.beside[min(t.beside, len(p.beside)-1)]++
	}
	if !p.on || !t.waited { // nobody asks for more
		return
	}
	p.grown++
	switch {
	case p.bucket != nil:
		p.seldom()
		p.bucket.set(p.rate())
	case p.most > 0 && p.grown >= 2*p.span:
		p.most++
		p.beside = [16]int{} // the counts of one more request in flight
		p.grown, p.span = 0, max(doubt, p.span/2)
	}
}

// rate returns the rate on the curve: first below the measured rate, then level, then rising.
func (p *pace) rate() float64 {
	if p.whim.phase == halved {
		return p.top / 2
	}
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
		p.refusals, p.again, p.told = 0, 0, false
		p.on, p.held = true, true
		p.until = now
		if a.unit != atOnce && p.bucket == nil {
			p.unit = a.unit
		}
	}
	if a.unit == atOnce && p.most == 0 && p.apart == 0 {
		p.apart = enough / 2 // words count as much as a few eras
	}
	p.refusals++
	if t.probe {
		p.again++
	}
	p.last = now
	p.clash = min(p.clash, t.beside)
	if p.most > 0 && t.beside > 0 {
		p.span = min(mostRun, max(leastRun, paid*float64(p.refusals)))
		if a.after == 0 {
			p.held = false // one of them must end first
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

// pass ends the hold of an era, because a request that was sent at the given time was served.
func (p *pace) pass(at time.Time, of int) {
	p.held = false
	if p.most > 0 {
		return
	}
	if share, n := p.share(p.clash); n >= 4 {
		p.apart = max(0, p.apart-math.Log(max(share, 0.12))-chancy)
	}
	for i := range p.beside { // older counts weigh less
		p.beside[i] = p.beside[i] * 3 / 4
	}
	if p.apart >= enough && p.clash > 0 {
		p.most, p.bucket, p.grown, p.unit, p.whim = p.clash, nil, 0, requests, whim{}
		p.span = doubt
		return
	}
	if p.bucket == nil && p.taken == 0 && !p.told { // refusals alone measure nothing
		p.tally = tally{since: at}
		p.before = p.tally
		return
	}
	// A short measurement is poor: a small request may pass where a large one does not.
	taken := p.taken // of this era
	if p.refused.Sub(p.since) < 400*time.Millisecond {
		p.since, p.taken, p.tokens = p.before.since, p.taken+p.before.taken, p.tokens+p.before.tokens
		p.bulk, p.paused = p.bulk+p.before.bulk, p.before.paused
	}
	var (
		took = max(at.Sub(p.since).Seconds(), 0.001)
		idle = at.Sub(p.refused).Seconds()
		// The quota became free between the last refusal and now. If the provider named a wait in whole
		// seconds, it became free in the last second. No quota has a window shorter than a second.
		gap   = at.Sub(p.last).Seconds()
		count = max(p.taken, 1)
	)
	if p.unit == tokens {
		count = max(p.tokens, float64(of))
	}
	if p.told {
		gap = min(gap, 1)
	}
	p.paused += gap
	p.before = p.tally
	open := max(took-gap, min(took, 1))
	top := count / open
	if p.bucket != nil {
		// Bulk alone asks for nine tenths of the rate, and the account allows what was asked for.
		asked := min(1, bulkShare*count/max(p.bulk, 1))
		most := p.rate() * asked // this rate was too high
		early := p.grown < p.span/2
		// Each refusal, and the request that tried, took a place too.
		places := count * (1 + float64(p.refusals+1)/max(1, p.taken))
		ours := p.again < 2 && (took < 1 || places >= 0.9*most*(took-p.paused))
		if p.byWhim(early, ours, taken) {
			p.bucket.set(p.rate())
			p.tally = tally{since: at}
			return
		}
		top /= asked
		if early { // although it was below the measured rate
			most *= 0.95
		}
		if took < 1 {
			top = most
		}
		top = max(min(top, most), count/took, p.top/2)
		p.span = min(mostRun, max(leastRun, paid*float64(p.refusals), 20*idle*p.taken/took))
	} else {
		p.bucket, p.span = &bucket{}, leastRun
	}
	// The first requests of a job are a poor measurement, and the first few are none.
	p.known += p.taken
	p.span = min(p.span, max(1, p.known*p.known/16))
	p.top = top
	if p.whim.high == 0 {
		p.whim.high = top
	}
	p.grown = 0
	p.bucket.set(p.rate())
	p.tally = tally{since: at}
}

// share returns the number of served requests, and the part of them that had so many others beside
// them.
func (p *pace) share(beside int) (part float64, n int) {
	some := 0
	for i, k := range p.beside {
		if n += k; i >= beside {
			some += k
		}
	}
	return float64(some) / float64(max(1, n)), n
}

// crowd records a refusal that came although no more than most requests were in flight.
func (p *pace) crowd(t ticket) {
	p.most--
	if t.lane == Bulk && t.beside+1 >= bulkOf(p.most+1) {
		p.most = min(p.most, t.beside) // it was not more than the part of Bulk
	}
	share, n := p.share(t.beside)
	switch {
	case share < 0.2: // it tried one more, which is too much
		p.strikes = 0
	case share > 0.5 && n >= 4:
		p.strikes++
	}
	if p.strikes == mostStrikes || p.most == 0 { // their number is not the limit
		p.most, p.strikes, p.apart = 0, 0, 0
	}
	p.grown, p.beside = 0, [16]int{}
}

// set changes the rate of a bucket, in units per second.
func (b *bucket) set(rate float64) {
	b.refill(time.Now())
	b.rate, b.burst = rate, max(1, rate/50)
	b.level = min(b.level, b.burst)
}

// askAfter adds the hold as RetryAfter to a refusal that has none, so that Retry does not pause on
// top of it.
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
