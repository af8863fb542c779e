package dashscopetest

import "time"

// embed answers a call that could be read. The order is the service's: model, request rate, the input's faults. Tokens
// count towards the rates only where the input has no fault.
func (x *exchange) embed(c call, buf *buffer) {
	info, ok := x.models[c.model]
	if !ok {
		x.refuse(x.unknown(c.model))
		return
	}
	tokens, total := make([]int, len(c.texts)), 0
	for i, text := range c.texts {
		tokens[i] = x.tokens(text)
		total += tokens[i]
	}
	wrong, long := x.check(&c, info, tokens)
	drawn := total
	if wrong != nil {
		drawn = 0
	}
	if over, wait := x.throttled(c.model, drawn); over != nil {
		if x.settings.RetryAfter {
			x.retryAfter(wait)
		}
		x.refuse(*over)
		return
	}
	if long && x.strike(atCheck, named("overlength-hang")) != nil {
		x.hang()
		return
	}
	if wrong == nil {
		wrong = x.checkFaults(&c)
	}
	if wrong != nil {
		x.refuse(*wrong)
		return
	}

	slow, spoil := x.strike(atDelay, nil), x.strike(atAnswer, nil)
	digests := make([]digest, len(c.texts))
	for i, text := range c.texts {
		digests[i] = digestOf(text)
	}
	items, err := x.items(&c, digests, spoil)
	if err != nil {
		x.refuse(internalError)
		return
	}
	v := variant{c.model, c.dimensions}
	x.mu.Lock()
	x.books.bill(v, digests, total)
	x.mu.Unlock()

	what := delivered
	if !x.wait(slow) || !x.deliver(&c, items, total, spoil, buf) {
		what = lost
	} else if spoil != nil && spoil.info.Billed {
		what = spoiled
	}
	x.mu.Lock()
	x.books.settle(v, digests, what)
	x.mu.Unlock()
}

// checkFaults returns the error of a fault that strikes a good call for what it asks, and what base64 becomes.
func (x *exchange) checkFaults(c *call) *problem {
	if x.strike(atCheck, func(f Fault) bool { return f.Name == "bad-text" && c.bad(f) }) != nil {
		return &inspection
	}
	if c.encoding != "base64" {
		return nil
	}
	if x.strike(atCheck, named("base64-400")) != nil {
		return &badEncoding
	}
	if x.strike(atCheck, named("base64-ignore")) != nil {
		c.encoding = "float"
	}
	return nil
}

func (x *exchange) throttled(model string, tokens int) (*problem, time.Duration) {
	if x.settings.Rates == (Rates{}) {
		return nil, 0
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
	case <-x.r.Context().Done():
		x.abort = true
		return false
	}
}
