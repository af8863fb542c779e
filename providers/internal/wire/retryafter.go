package wire

import (
	"cmp"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// LongestWait is the longest wait that counts as an answer. No request of today is worth asking
// again after more, and a server's clock or units are wrong more often.
const LongestWait = 24 * time.Hour

// RetryAfter returns the wait that the server asks for: Retry-After-Ms, which OpenAI and others
// send too (Azure under a name of its own), or Retry-After in seconds, as a duration or as a
// date (RFC 9110, 10.2.3). 0 means none.
func RetryAfter(h http.Header) time.Duration {
	for _, name := range []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if ms, ok := number(h.Get(name)); ok {
			return span(ms, time.Millisecond)
		}
	}
	v, _, _ := strings.Cut(cmp.Or(h.Get("Retry-After"), h.Get("X-Retry-After")), "; ")
	at, err := http.ParseTime(v)
	if err != nil {
		first, _, _ := strings.Cut(v, ",") // a proxy may have joined two
		return until(first)
	}
	// The date is by the server's own clock.
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(0, at.Sub(now)), LongestWait)
}

// reset returns when a rate limit that a refusal names in its headers is there again:
// X-Ratelimit-Reset-Requests and its like, as a duration, in seconds or as a time. Of several the
// latest counts whose rest is 0; where none says so, the soonest, since one of them was met.
func reset(h http.Header) time.Duration {
	var spent, soonest time.Duration
	for name := range h {
		lower := strings.ToLower(name)
		one := strings.ReplaceAll(lower, "-", "")
		if one == "ratelimit" { // the draft of a standard: limit=100, remaining=0, reset=13
			if m := inOne.FindStringSubmatch(h.Get(name)); m != nil {
				return duration(m[1])
			}
		}
		if !strings.Contains(one, "ratelimit") || !strings.Contains(one, "reset") {
			continue
		}
		wait := until(h.Get(name))
		left, known := number(h.Get(strings.Replace(lower, "reset", "remaining", 1)))
		switch {
		case wait <= 0 || known && left >= 1:
		case known:
			spent = max(spent, wait)
		case soonest == 0 || wait < soonest:
			soonest = wait
		}
	}
	return cmp.Or(spent, soonest)
}

// until reads a duration, seconds, or a time: RFC 3339's, a header's, or in seconds or
// milliseconds since 1970.
func until(s string) time.Duration {
	const since = 9e8 // so many seconds are a time
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		at, err = http.ParseTime(s)
	}
	switch n, ok := number(s); {
	case ok && n >= 1000*since:
		at, err = time.UnixMilli(int64(min(n, 1e15))), nil
	case ok && n >= since:
		at, err = time.Unix(int64(n), 0), nil
	}
	if err != nil {
		return duration(s)
	}
	return min(max(0, time.Until(at)), LongestWait)
}

// waitIn returns the wait that a body names in a member of its own, such as that of Google's
// RetryInfo.
func waitIn(body node) time.Duration {
	if ms, ok := body.find("retryafterms"); ok {
		n, _ := number(ms)
		return span(n, time.Millisecond)
	}
	s, _ := body.find("retrydelay", "retryafter", "retryafterseconds", "retryaftersecs", "retryaftersec", "retryin", "waitseconds")
	return duration(s)
}

var (
	inOne    = regexp.MustCompile(`(?:reset|\bt)=(\d+)`)
	sentence = regexp.MustCompile(`(?i)(?:try again|retry|wait|cool.?down|back.?off|reset|(?:available|allowed|come back|replenished)(?: again)? (?:in|after))[a-z _-]{0,30}[ :=]{1,3}(?:` +
		`((?:\d[\d.]*(?:ms|[hms]))+\b|(?:\d[\d.]* ?(?:` + units + `)\b(?:,? and |, | )?)+)` + // 1m12.5s, 2 hours and 5 minutes
		`|(\d+)(?:[.,;)]|$))` + // 5, in seconds
		`|(\d+) ?秒`)
	part = regexp.MustCompile(`(?i)(\d+(?:\.\d+)?) ?(` + units + `)?`)
)

const units = `milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d`

// waitInWords returns the wait that a message names: "Please try again in 1m12.5s".
func waitInWords(message string) time.Duration {
	m := sentence.FindStringSubmatch(message)
	if m == nil {
		return 0
	}
	return duration(cmp.Or(m[1:]...))
}

// duration reads "4", "4s", "1m 30.5s", "90 seconds" or "120ms". What it cannot read is 0.
func duration(s string) time.Duration {
	s = strings.TrimSpace(s)
	if n, ok := number(s); ok {
		return span(n, time.Second)
	}
	var sum time.Duration
	if strings.Trim(part.ReplaceAllString(s, ""), " ,and.") != "" {
		return 0
	}
	for _, m := range part.FindAllStringSubmatch(s, 8) {
		n, _ := number(m[1])
		unit := time.Second
		switch u := strings.ToLower(m[2]); {
		case strings.HasPrefix(u, "ms"), strings.HasPrefix(u, "mil"):
			unit = time.Millisecond
		case strings.HasPrefix(u, "m"):
			unit = time.Minute
		case strings.HasPrefix(u, "h"):
			unit = time.Hour
		case strings.HasPrefix(u, "d"):
			unit = 24 * time.Hour
		}
		sum += span(n, unit)
	}
	return min(sum, LongestWait)
}

func number(s string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f, err == nil && !math.IsNaN(f)
}

func span(n float64, unit time.Duration) time.Duration {
	if n <= 0 {
		return 0
	}
	return time.Duration(min(n*float64(unit), float64(LongestWait)))
}
