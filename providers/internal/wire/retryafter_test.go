package wire

import (
	"cmp"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding/internal/expect"
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
			{"a duration", http.Header{"Retry-After": {"4s"}}, 4 * time.Second},
			{"a long duration", http.Header{"Retry-After": {"1m30s"}}, 90 * time.Second},
			{"two", http.Header{"Retry-After": {"4, 4"}}, 4 * time.Second},
			{"in words", http.Header{"Retry-After": {"20 seconds"}}, 20 * time.Second},
			{"a time of RFC 3339", http.Header{"Retry-After": {time.Now().Add(9 * time.Second).UTC().Format(time.RFC3339)}}, 9 * time.Second},
			{"seconds since 1970", http.Header{"Retry-After": {strconv.FormatInt(time.Now().Unix()+9, 10)}}, 9 * time.Second},
			{"a version", http.Header{"Retry-After": {"4.x"}}, 0},
			{"half a date", http.Header{"Retry-After": {"2026-01-02"}}, 0},
			{"Azure's milliseconds", http.Header{"X-Ms-Retry-After-Ms": {"1500"}}, 1500 * time.Millisecond},
			{"an unofficial header", http.Header{"X-Retry-After": {"8"}}, 8 * time.Second},
			{"a year", http.Header{"Retry-After": {"315360000"}}, LongestWait},
			{"a date far off", http.Header{"Retry-After": {"Fri, 31 Dec 9999 23:59:59 GMT"}}, LongestWait},
			{"beyond all measure", http.Header{"Retry-After": {"1e300"}}, 24 * time.Hour},
		} {
			expect.Equal(t, tc.name, RetryAfter(tc.header), tc.want)
		}
	})
}

// TestOtherWaits: what servers say of the wait elsewhere than in Retry-After.
func TestOtherWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := func(d time.Duration, layout string) string { return time.Now().Add(d).UTC().Format(layout) }
		seconds := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }
		for _, tc := range []struct {
			name   string
			header http.Header
			body   string
			status int // 0: 429
			want   time.Duration
		}{
			{name: "OpenAI's header", header: http.Header{"X-Ratelimit-Reset-Requests": {"4s"}}, want: 4 * time.Second},
			{name: "what is left says which", header: http.Header{"X-Ratelimit-Reset-Requests": {"1s"}, "X-Ratelimit-Remaining-Requests": {"9"},
				"X-Ratelimit-Reset-Tokens": {"6m0s"}, "X-Ratelimit-Remaining-Tokens": {"0"}}, want: 6 * time.Minute},
			{name: "nothing says which", header: http.Header{"X-Ratelimit-Reset-Requests": {"120ms"}, "X-Ratelimit-Reset-Tokens": {"6m0s"}}, want: 120 * time.Millisecond},
			{name: "the draft's", header: http.Header{"Ratelimit-Reset": {"7"}}, want: 7 * time.Second},
			{name: "the draft's in one", header: http.Header{"Ratelimit": {"limit=100, remaining=0, reset=13"}}, want: 13 * time.Second},
			{name: "a later draft's", header: http.Header{"Ratelimit": {`"default";r=0;t=14`}}, want: 14 * time.Second},
			{name: "another spelling", header: http.Header{"X-Rate-Limit-Reset": {"15"}}, want: 15 * time.Second},
			{name: "a date", header: http.Header{"X-Ratelimit-Reset": {in(16*time.Second, http.TimeFormat)}}, want: 16 * time.Second},
			{name: "a time in seconds", header: http.Header{"X-Ratelimit-Reset": {seconds(9 * time.Second)}}, want: 9 * time.Second},
			{name: "a time in milliseconds", header: http.Header{"X-Ratelimit-Reset": {seconds(9*time.Second) + "000"}}, want: 9 * time.Second},
			{name: "Anthropic's", header: http.Header{"Anthropic-Ratelimit-Tokens-Reset": {in(8*time.Second, time.RFC3339)}}, want: 8 * time.Second},
			{name: "a reset of years", header: http.Header{"X-Ratelimit-Reset": {"99999999999999999"}}, want: LongestWait},
			{name: "of another failure", header: http.Header{"X-Ratelimit-Reset-Requests": {"4s"}}, status: 400},
			{name: "of a server that is down", header: http.Header{"X-Ratelimit-Reset-Requests": {"4s"}}, status: 503},
			{name: "Retry-After wins", header: http.Header{"Retry-After": {"2"}, "X-Ratelimit-Reset-Requests": {"4s"}}, body: `{"error":"try again in 9s"}`, want: 2 * time.Second},
			{name: "words", body: `{"error":{"message":"Rate limit reached. Please try again in 4s."}}`, want: 4 * time.Second},
			{name: "words of minutes", body: `{"error":"Please try again in 1m12.5s. Visit"}`, want: 72500 * time.Millisecond},
			{name: "words of hours", body: `{"error":"retry after 2 hours and 5 minutes"}`, want: 125 * time.Minute},
			{name: "words of milliseconds", body: `{"error":"Please retry in 120ms"}`, want: 120 * time.Millisecond},
			{name: "words of seconds", body: `{"error":"please wait 30 seconds before retrying"}`, want: 30 * time.Second},
			{name: "words without a unit", body: `{"error":"retry after 5"}`, want: 5 * time.Second},
			{name: "Chinese words", body: `{"error":"请在 30 秒后重试"}`, want: 30 * time.Second},
			{name: "a day of Azure's", body: `{"error":"Please retry after 86400 seconds."}`, want: LongestWait},
			{name: "years in words", body: `{"error":"Please retry after 999999999999 seconds."}`, want: LongestWait},
			{name: "words like the header", body: `{"error":"Too many requests. retry-after: 17"}`, want: 17 * time.Second},
			{name: "words like a member", body: `{"error":"slow down, retry_after_seconds=5"}`, want: 5 * time.Second},
			{name: "when it may", body: `{"error":"Next request allowed in 4 seconds"}`, want: 4 * time.Second},
			{name: "when there is more", body: `{"error":"Your quota will be replenished in 14 seconds."}`, want: 14 * time.Second},
			{name: "to cool down", body: `{"error":"cool down for 8 seconds"}`, want: 8 * time.Second},
			{name: "what is allowed", body: `{"error":"Requests allowed: 60."}`},
			{name: "what is available", body: `{"error":"Requests available: 60."}`},
			{name: "times, not seconds", body: `{"error":"AWS' SDK will retry the operation up to 5 times."}`},
			{name: "minutes are not moments", body: `{"error":"retry after 5 more requests"}`},
			{name: "no wait in words", body: `{"error":"You may retry. The limit is 3000 requests"}`},
			{name: "RetryInfo", body: `[{"error":{"code":429,"message":"slow","details":[{"@type":"x","retryDelay":"4.5s"}]}}]`, want: 4500 * time.Millisecond},
			{name: "a member", body: `{"error":{"message":"slow","retry_after":3}}`, want: 3 * time.Second},
			{name: "a member of another spelling", body: `{"error":{"message":"slow","retry-after":6}}`, want: 6 * time.Second},
			{name: "a member that has a unit", body: `{"retryAfterSeconds":5}`, want: 5 * time.Second},
			{name: "RetryInfo as an object", body: `{"error":{"details":[{"retryDelay":{"seconds":"10","nanos":5}}]}}`, want: 10 * time.Second},
			{name: "a member of milliseconds", body: `{"retry_after_ms":250,"message":"slow"}`, want: 250 * time.Millisecond},
			{name: "a text's words", body: `{"error":"refused: 'how to try again in 9 seconds, a guide'"}`},
			{name: "of a server that is down, in words", body: `{"error":"try again in 3s"}`, status: 503, want: 3 * time.Second},
			{name: "of a bad request", body: `{"error":"try again in 3s"}`, status: 400},
		} {
			status := cmp.Or(tc.status, 429)
			e := ReadFailure(status, tc.header, []byte(tc.body)).refusal(nil, "", []string{"How to try again in 9 seconds, a guide"})
			expect.Equal(t, tc.name, e.RetryAfter, tc.want)
		}
	})
}
