package emulator

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/vecspace/embedding/providers/dialect"
)

// call is a call whose model is there.
type call struct {
	dialect.Call
	model  dialect.Model
	length int    // of the answer's vectors
	full   int    // above 0: they are the beginnings of unit vectors of so many dimensions, and not of unit length themselves
	role   string // what else they depend on
}

// embed answers a call that could be read, of a model that is there. The order is DashScope's:
// request rate, then the input's faults. Tokens count towards the rates only where the input has no
// fault.
func (x *exchange) embed(c *call, buf *buffer) {
	tokens := make([]int, max(len(c.Texts), len(c.IDs)))
	for i, text := range c.Texts {
		tokens[i] = x.tokens(text)
	}
	for i, ids := range c.IDs { // their vectors have no meaning
		c.Texts = append(c.Texts, strings.Trim(fmt.Sprint(ids), "[]"))
		tokens[i] = len(ids)
	}
	wrong := x.dialect.Check(x.req, &c.Call, c.model, c.Exceeds(c.model.Limits, tokens, x.tokens))
	c.length = c.model.Length(&c.Call)
	if !c.model.Symmetric {
		c.role = c.Role
	}
	if c.Raw {
		c.full = max(c.model.Dimensions, c.model.Longest)
	}
	total := 0
	for _, n := range tokens {
		total += n
	}
	drawn := total
	if wrong != nil {
		drawn = 0
	}
	if over, wait := x.throttled(c.model.Asked(), drawn); over != "" {
		if x.settings.RetryAfter {
			x.req.RetryAfter(wait)
		}
		x.fault(Fault{Name: over})
		return
	}
	if wrong != nil && wrong.Long && x.strike(atCheck, named("overlength-hang")) != nil {
		x.hang()
		return
	}
	if wrong != nil {
		x.refuse(*wrong)
		return
	}
	if f := x.checkFault(c); f != nil {
		x.fault(f.Fault)
		return
	}

	slow, spoil := x.strike(atDelay, nil), x.strike(atAnswer, nil)
	digests := make([]digest, len(c.Texts))
	for i, text := range c.Texts {
		digests[i] = digestOf(text)
	}
	rows, err := x.rows(c, digests, spoil)
	if err != nil {
		x.fault(Fault{Name: InternalError})
		return
	}
	v := variant{c.model.Asked(), c.length, c.role}
	x.mu.Lock()
	x.books.bill(v, digests, total)
	if x.vendor.Unmetered {
		x.books.Unsaid++
	}
	x.mu.Unlock()

	what := delivered
	if !x.wait(slow) || !x.deliver(c, rows, total, spoil, buf) {
		what = lost
	} else if spoil != nil && spoil.info.Billed {
		what = spoiled
	}
	x.mu.Lock()
	x.books.settle(v, digests, what)
	x.mu.Unlock()
}

// checkFault returns the fault that strikes a good call for what it asks. It may make a call for
// base64 one for numbers.
func (x *exchange) checkFault(c *call) *fault {
	if f := x.strike(atCheck, func(f Fault) bool { return f.Name == "bad-text" && c.bad(f) }); f != nil || !c.Base64 {
		return f
	}
	f := x.strike(atCheck, named("base64-400"))
	if f == nil && x.strike(atCheck, named("base64-ignore")) != nil {
		c.Base64 = false
	}
	return f
}

// bad reports whether a text contains the mark of a bad one.
func (c *call) bad(f Fault) bool {
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
	if x.settings.Rates == (Rates{}) {
		return "", 0
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	t := x.throttles[model]
	if t == nil {
		t = new(throttle)
		x.throttles[model] = t
	}
	return t.take(time.Now(), x.settings.Rates, tokens)
}

// wait lasts as long as the settings and the fault say; false: the caller has left.
func (x *exchange) wait(slow *fault) bool {
	d := x.settings.Latency
	if j := x.settings.Jitter; j > 0 {
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
