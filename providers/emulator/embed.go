package emulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding/providers/dialect"
)

// call is a call for a model that exists.
type call struct {
	dialect.Call
	model  dialect.Model
	length int    // length of the answer's vectors
	full   int    // if above 0, vectors are prefixes of unit vectors of this length, not unit vectors
	role   string // what else the vectors depend on
}

// embed answers a well-formed call for a model that exists. It checks in DashScope's order: first
// the request rate, then the input. Tokens count towards the rates only if the input is good.
func (x *exchange) embed(c *call, buf *buffer) {
	tokens := make([]int, max(len(c.Texts), len(c.IDs)))
	for i, text := range c.Texts {
		tokens[i] = x.tokens(text)
	}
	for i, ids := range c.IDs { // vectors of token ids have no meaning
		c.Texts = append(c.Texts, strings.Trim(fmt.Sprint(ids), "[]"))
		tokens[i] = len(ids)
	}
	x.texts = c.Texts
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
	if f := x.strike(atText, nil); f != nil {
		x.fail(f)
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

// checkFault returns the fault that strikes a good call because of its content. It may change a
// call for base64 into one for numbers.
func (x *exchange) checkFault(c *call) *fault {
	bad := func(f Fault) bool { return f.Name == "bad-text" && x.holding(cmp.Or(f.Match, BadText)) >= 0 }
	if f := x.strike(atCheck, bad); f != nil || !c.Base64 {
		return f
	}
	f := x.strike(atCheck, named("base64-400"))
	if f == nil && x.strike(atCheck, named("base64-ignore")) != nil {
		c.Base64 = false
	}
	return f
}

// holding returns the place of the first text that contains the mark, or -1.
func (x *exchange) holding(mark string) int {
	return slices.IndexFunc(x.texts, func(text string) bool { return strings.Contains(text, mark) })
}

// throttled returns the rate that the account exceeds, by its fault's name.
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

// wait waits as long as the settings and the fault say. It returns false if the caller leaves.
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
