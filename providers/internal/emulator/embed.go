package emulator

import (
	"cmp"
	"strings"
	"time"
)

// embed answers a call that could be read, of a model that is there. The order is DashScope's: request rate, then the
// input's faults. Tokens count towards the rates only where the input has no fault.
func (x *exchange) embed(c *Call, buf *buffer) {
	tokens := make([]int, len(c.Texts))
	for i, text := range c.Texts {
		tokens[i] = x.tokens(text)
	}
	wrong, long := x.vendor.Check(x.req, c, tokens)
	total := 0
	for _, n := range tokens {
		total += n
	}
	drawn := total
	if wrong != nil {
		drawn = 0
	}
	if over, wait := x.throttled(c.Model, drawn); over != "" {
		if x.req.Settings.RetryAfter {
			x.retryAfter(wait)
		}
		x.reply(x.vendor.Fault(x.req, Fault{Name: over}))
		return
	}
	if long && x.strike(atCheck, named("overlength-hang")) != nil {
		x.hang()
		return
	}
	if wrong == nil {
		wrong = x.checkFaults(c)
	}
	if wrong != nil {
		x.reply(*wrong)
		return
	}

	slow, spoil := x.strike(atDelay, nil), x.strike(atAnswer, nil)
	digests := make([]digest, len(c.Texts))
	for i, text := range c.Texts {
		digests[i] = digestOf(text)
	}
	items, err := x.items(c, digests, spoil)
	if err != nil {
		x.reply(x.vendor.Fault(x.req, Fault{Name: InternalError}))
		return
	}
	v := variant{c.Model, c.Dimensions, c.Role}
	x.mu.Lock()
	x.books.bill(v, digests, total)
	if x.profile.Unmetered {
		x.books.Unsaid++
	}
	x.mu.Unlock()

	what := delivered
	if !x.wait(slow) || !x.deliver(c, items, total, spoil, buf) {
		what = lost
	} else if spoil != nil && spoil.info.Billed {
		what = spoiled
	}
	x.mu.Lock()
	x.books.settle(v, digests, what)
	x.mu.Unlock()
}

// checkFaults returns the error of a fault that strikes a good call for what it asks, and what base64 becomes.
func (x *exchange) checkFaults(c *Call) *Reply {
	fault := func(f *fault) *Reply {
		a := x.vendor.Fault(x.req, f.Fault)
		return &a
	}
	if f := x.strike(atCheck, func(f Fault) bool { return f.Name == "bad-text" && c.bad(f) }); f != nil {
		return fault(f)
	}
	if !c.Base64 {
		return nil
	}
	if f := x.strike(atCheck, named("base64-400")); f != nil {
		return fault(f)
	}
	if x.strike(atCheck, named("base64-ignore")) != nil {
		c.Base64 = false
	}
	return nil
}

// bad reports whether a text contains the mark of a bad one.
func (c *Call) bad(f Fault) bool {
	mark := cmp.Or(f.Match, BadText)
	for _, t := range c.Texts {
		if strings.Contains(t, mark) {
			return true
		}
	}
	return false
}

// throttled returns the rate that the account is over, by its fault's name.
func (x *exchange) throttled(model string, tokens int) (over string, wait time.Duration) {
	if x.req.Settings.Rates == (Rates{}) {
		return "", 0
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	t := x.throttles[model]
	if t == nil {
		t = new(throttle)
		x.throttles[model] = t
	}
	return t.take(time.Now(), x.req.Settings.Rates, tokens)
}

// wait lasts as long as the settings and the fault say; false: the caller has left.
func (x *exchange) wait(slow *fault) bool {
	d := x.req.Settings.Latency
	if j := x.req.Settings.Jitter; j > 0 {
		x.mu.Lock()
		d += time.Duration(x.jitter.Int64N(int64(j) + 1))
		x.mu.Unlock()
	}
	switch {
	case slow == nil:
	case slow.Fault.Delay > 0:
		d += slow.Fault.Delay
	default:
		d += time.Second
	}
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-x.req.Context().Done():
		x.abort = true
		return false
	}
}
