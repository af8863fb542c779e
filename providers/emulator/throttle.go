package emulator

import "time"

// Rates limits the account's speed, per model. Requests above a rate get status 429 and do not
// count. A window opens with the first request after the previous window has closed. Zero means no
// limit, except where a field says otherwise.
//
// DashScope documents RPM, TPM, a sixtieth of both per second, and a limit on growth, without
// saying how large that is.
type Rates struct {
	RPM int // requests per minute
	TPM int // tokens per minute; an empty window takes a request of any size
	RPS int // requests per second; 0 means RPM/60, rounded up; negative means no limit
	TPS int // tokens per second; 0 means TPM/60, rounded up; negative means no limit

	// Growth is the largest ratio between the requests of a second and those of the second before. 10
	// requests are always allowed.
	Growth float64
}

// burstFloor is how many requests a second allows in any case.
const burstFloor = 10

func perSecond(given, perMinute int) int {
	switch {
	case given > 0:
		return given
	case given < 0 || perMinute <= 0:
		return 0
	}
	return (perMinute + 59) / 60
}

// window counts what passed since it opened.
type window struct {
	opened           time.Time
	requests, tokens int
}

// roll reopens the window if its time is over, and returns how long it stays open.
func (w *window) roll(now time.Time, size time.Duration) time.Duration {
	if age := now.Sub(w.opened); !w.opened.IsZero() && age < size {
		return size - age
	}
	*w = window{opened: now}
	return size
}

// throttle is the state of one model's rates.
type throttle struct {
	minute, second window
	before         int // requests of the second before this one
}

// take lets a request pass, or returns the fault's name of the rate it exceeds and when to retry.
// tokens is 0 for a request that will be refused for another reason.
func (t *throttle) take(now time.Time, r Rates, tokens int) (over string, wait time.Duration) {
	if last := t.second; !last.opened.IsZero() && now.Sub(last.opened) >= time.Second {
		t.before = 0
		if now.Sub(last.opened) < 2*time.Second {
			t.before = last.requests
		}
	}
	minute, second := t.minute.roll(now, time.Minute), t.second.roll(now, time.Second)
	rps, tps := perSecond(r.RPS, r.RPM), perSecond(r.TPS, r.TPM)
	exceeds := func(limit, used, more int) bool { return limit > 0 && used > 0 && used+more > limit }
	switch {
	case exceeds(r.RPM, t.minute.requests, 1):
		return RequestRate, minute
	case exceeds(rps, t.second.requests, 1):
		return RequestRate, second
	case r.Growth > 0 && t.second.requests >= max(burstFloor, int(r.Growth*float64(t.before))):
		return BurstRate, second
	case exceeds(r.TPM, t.minute.tokens, tokens):
		return TokenRate, minute
	case exceeds(tps, t.second.tokens, tokens):
		return TokenRate, second
	}
	for _, w := range []*window{&t.minute, &t.second} {
		w.requests++
		w.tokens += tokens
	}
	return "", 0
}
