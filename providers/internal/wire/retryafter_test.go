package wire

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
		for _, tc := range []struct {
			name   string
			header http.Header
			want   time.Duration
		}{
			{"none", http.Header{}, 0},
			{"seconds", http.Header{"Retry-After": {"7"}}, 7 * time.Second},
			{"seconds with a fraction", http.Header{"Retry-After": {"1.5"}}, 1500 * time.Millisecond},
			{"milliseconds win", http.Header{"Retry-After": {"7"}, "Retry-After-Ms": {"250"}}, 250 * time.Millisecond},
			{"a date by our clock", http.Header{"Retry-After": {at(9 * time.Second)}}, 9 * time.Second},
			{"a date by the server's clock, an hour ahead", http.Header{"Retry-After": {at(time.Hour + 9*time.Second)}, "Date": {at(time.Hour)}}, 9 * time.Second},
			{"a date in the past", http.Header{"Retry-After": {at(-time.Hour)}}, 0},
			{"negative", http.Header{"Retry-After": {"-3"}}, 0},
			{"nonsense", http.Header{"Retry-After": {"soon"}}, 0},
			{"not a number", http.Header{"Retry-After": {"NaN"}}, 0},
			{"beyond all measure", http.Header{"Retry-After": {"1e300"}}, 365 * 24 * time.Hour},
		} {
			if got := RetryAfter(tc.header); got != tc.want {
				t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
			}
		}
	})
}
