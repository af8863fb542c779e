package emulator

import "time"

// Rates is how fast the account may ask, per model: what is over them gets 429 and counts nowhere.
// A window opens with the first request after the last one has closed. Zero values: no limit.
//
// DashScope documents RPM, TPM, their sixtieth part per second, and a limit on growth whose size it
// does not say.
type Rates struct {
	RPM int // requests a minute
	TPM int // tokens a minute; an empty window takes a request of any size
	RPS int // requests a second; 0: RPM/60, rounded up; negative: none
	TPS int // tokens a second; 0: TPM/60, rounded up; negative: none

	// Growth is how many times the requests of the second before a second may have, with 10 always
	// allowed.
	Growth float64
}

// burstFloor is what a second may have whatever the one before had.
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

// window counts what was let through since it opened.
type window struct {
	opened           time.Time
	requests, tokens int
}

// roll opens the window anew if it has lasted long enough, and returns how long it stays open.
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

// take lets a request through, or says which rate it is over, by the fault's name, and when to come
// again. Tokens of a request that is refused for another reason afterwards are given as 0.
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
