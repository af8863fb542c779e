package dashscopetest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

const (
	requestRate = "You have exceeded your current request limit. For details, see: https://www.alibabacloud.com/help/en/model-studio/error-code#rate-limit"
	burstRate   = "Request rate increased too quickly. To ensure system stability, please adjust your client logic to scale requests more smoothly over time."
	tokenRate   = "Allocated quota exceeded, please increase your quota limit."
)

func TestRates(t *testing.T) {
	ask := func(t *testing.T, s *emulator.Server, words int) int {
		text := "a"
		for range words - 1 {
			text += " a"
		}
		return do(t, s, call{body: `{"model":"text-embedding-v4","input":"` + text + `"}`}).Code
	}
	// codes asks n times and counts the answers.
	codes := func(t *testing.T, s *emulator.Server, n, words int) string {
		ok := 0
		for range n {
			if ask(t, s, words) == 200 {
				ok++
			}
		}
		return fmt.Sprintf("%d of %d", ok, n)
	}
	for _, c := range []struct {
		name  string
		rates emulator.Rates
		run   func(t *testing.T, s *emulator.Server) string
		want  string
		body  string
		flat  string
	}{
		{name: "requests a second are a sixtieth", rates: emulator.Rates{RPM: 300}, run: func(t *testing.T, s *emulator.Server) string {
			first := codes(t, s, 7, 1)
			time.Sleep(999 * time.Millisecond)
			early := codes(t, s, 1, 1)
			time.Sleep(time.Millisecond)
			return first + ", " + early + ", " + codes(t, s, 7, 1)
		}, want: "5 of 7, 0 of 1, 5 of 7", body: gateway(requestRate, "limit_requests", "limit_requests"),
			flat: flat("Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")},
		{name: "requests a minute", rates: emulator.Rates{RPM: 5, RPS: -1}, run: func(t *testing.T, s *emulator.Server) string {
			first := codes(t, s, 6, 1)
			time.Sleep(59 * time.Second)
			early := codes(t, s, 1, 1)
			time.Sleep(time.Second)
			return first + ", " + early + ", " + codes(t, s, 6, 1)
		}, want: "5 of 6, 0 of 1, 5 of 6", body: gateway(requestRate, "limit_requests", "limit_requests"),
			flat: flat("Throttling.RateQuota", "Requests rate limit exceeded, please try again later.")},
		{name: "less than one a second", rates: emulator.Rates{RPM: 30}, run: func(t *testing.T, s *emulator.Server) string {
			return codes(t, s, 2, 1)
		}, want: "1 of 2", body: gateway(requestRate, "limit_requests", "limit_requests"), flat: ""},
		{name: "tokens a second are a sixtieth", rates: emulator.Rates{TPM: 600}, run: func(t *testing.T, s *emulator.Server) string {
			first := codes(t, s, 3, 5)
			time.Sleep(time.Second)
			return first + ", " + codes(t, s, 1, 5)
		}, want: "2 of 3, 1 of 1", body: gateway(tokenRate, "insufficient_quota", "insufficient_quota"), flat: flat("Throttling.AllocationQuota", tokenRate)},
		{name: "tokens a minute", rates: emulator.Rates{TPM: 10, TPS: -1}, run: func(t *testing.T, s *emulator.Server) string {
			first := codes(t, s, 3, 4)
			time.Sleep(time.Minute)
			return first + ", " + codes(t, s, 1, 4)
		}, want: "2 of 3, 1 of 1", body: gateway(tokenRate, "insufficient_quota", "insufficient_quota"), flat: flat("Throttling.AllocationQuota", tokenRate)},
		{name: "an empty window takes any size", rates: emulator.Rates{TPM: 60}, run: func(t *testing.T, s *emulator.Server) string {
			return codes(t, s, 2, 9)
		}, want: "1 of 2", body: gateway(tokenRate, "insufficient_quota", "insufficient_quota"), flat: ""},
		{name: "growth", rates: emulator.Rates{Growth: 2}, run: func(t *testing.T, s *emulator.Server) string {
			out := codes(t, s, 12, 1)
			for range 2 {
				time.Sleep(time.Second)
				out += ", " + codes(t, s, 50, 1)
			}
			time.Sleep(10 * time.Second)
			return out + ", " + codes(t, s, 50, 1)
		}, want: "10 of 12, 20 of 50, 40 of 50, 10 of 50", body: gateway(burstRate, "limit_burst_rate", "limit_burst_rate"), flat: flat("Throttling.BurstRate", burstRate)},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, dashscopetest.Options{Options: emulator.Options{Settings: emulator.Settings{Rates: c.rates}}})
				expect.Equal(t, "answers", c.run(t, s), c.want)
				for range 50 { // into the limit
					ask(t, s, 1)
				}
				w := do(t, s, call{})
				refused(t, w, 429, c.body)
				expect.Equal(t, "Retry-After without having been switched on", w.Header().Get("Retry-After"), "")
				if c.flat != "" {
					refused(t, do(t, s, call{path: dashscopetest.NativePath, body: `{"model":"text-embedding-v4","input":{"texts":["a"]},"parameters":{}}`}), 429, c.flat)
				}
				expect.Equal(t, "status of another model, which has rates of its own", do(t, s, call{body: `{"model":"text-embedding-v3","input":"a"}`}).Code, 200)
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dashscopetest.Options{Options: emulator.Options{Settings: emulator.Settings{Rates: emulator.Rates{RPM: 1, RPS: -1}, RetryAfter: true}}})
		do(t, s, call{})
		time.Sleep(17500 * time.Millisecond)
		if w := do(t, s, call{}); w.Code != 429 || w.Header().Get("Retry-After") != "43" {
			t.Errorf("got status %d and the headers %v, want 429 and Retry-After 43", w.Code, w.Header())
		}
	})
}

// A bad request uses no tokens, and the rate's refusal comes first.
func TestRateBeforeInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dashscopetest.Options{Options: emulator.Options{Settings: emulator.Settings{Rates: emulator.Rates{RPM: 60, TPM: 600}}}})
		bad := `{"model":"text-embedding-v4","input":["a a a a a a a a a a a a"," "]}`
		expect.Equal(t, "status", do(t, s, call{body: bad}).Code, 400)
		expect.Equal(t, "status", do(t, s, call{body: bad}).Code, 429)
		expect.Equal(t, "status of an unknown model, which has no rate", do(t, s, call{body: `{"model":"v9","input":"a"}`}).Code, 404)
		s = open(t, dashscopetest.Options{Options: emulator.Options{Settings: emulator.Settings{Rates: emulator.Rates{TPM: 600}}}})
		expect.Equal(t, "status", do(t, s, call{body: bad}).Code, 400)
		expect.Equal(t, "status after a refused request, which draws no tokens", do(t, s, call{body: `{"model":"text-embedding-v4","input":"a a a a a a a a a a"}`}).Code, 200)
	})
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, dashscopetest.Options{Options: emulator.Options{Settings: emulator.Settings{Latency: 2 * time.Second, Jitter: time.Second}}})
		var least, most time.Duration = time.Hour, 0
		for range 50 {
			start := time.Now()
			if w := do(t, s, call{}); w.Code != 200 || w.Header().Get("Req-Cost-Time") != fmt.Sprint(time.Since(start).Milliseconds()) {
				t.Fatalf("got status %d and the headers %v after %v, want 200 and that time as Req-Cost-Time", w.Code, w.Header(), time.Since(start))
			}
			least, most = min(least, time.Since(start)), max(most, time.Since(start))
		}
		if least < 2*time.Second || most > 3*time.Second || most-least < 500*time.Millisecond {
			t.Errorf("waits: got %v to %v, want 2s to 3s and at least 500ms between them", least, most)
		}
		start := time.Now()
		if w := do(t, s, call{key: "wrong"}); w.Code != 401 || time.Since(start) != 0 {
			t.Error("an error waits", time.Since(start))
		}
	})
}
