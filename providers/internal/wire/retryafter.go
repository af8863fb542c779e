package wire

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RetryAfter returns the wait that the server asks for: Retry-After-Ms, which OpenAI and others
// send too, or Retry-After in seconds or as a date (RFC 9110, 10.2.3). 0 means none.
func RetryAfter(h http.Header) time.Duration {
	if ms, ok := number(h.Get("Retry-After-Ms")); ok {
		return span(ms, time.Millisecond)
	}
	v := h.Get("Retry-After")
	if s, ok := number(v); ok {
		return span(s, time.Second)
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	// The date is by the server's own clock.
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now))
}

func number(s string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f, err == nil && !math.IsNaN(f)
}

func span(n float64, unit time.Duration) time.Duration {
	const most = 365 * 24 * time.Hour // far beyond any budget, far below an overflow
	if n <= 0 {
		return 0
	}
	return time.Duration(min(n*float64(unit), float64(most)))
}
