package dashscope_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// inMemory serves requests without a network, so that time may be virtual.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	m.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// TestLimitKeepsInsideTheQuotaOfASecond: callers who come all at once, after a pause, are never
// refused by the quota that the service enforces each second.
func TestLimitKeepsInsideTheQuotaOfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rpm = 1800
		s, err := dashscopetest.New(dashscopetest.Options{Options: emulator.Options{Settings: emulator.Settings{Rates: emulator.Rates{RPM: rpm}}}})
		expect.NoError(t, err)
		p, err := dashscope.New(dashscope.Options{
			Model: "text-embedding-v4", Dimensions: 64, Key: emulator.DefaultKey, BaseURL: "http://127.0.0.1" + dashscopetest.BasePath,
			HTTPClient: &http.Client{Transport: inMemory{s}},
		})
		expect.NoError(t, err)
		e := embedding.Chain(p, middleware.Limit(middleware.LimitOptions{RPM: rpm}))
		start := time.Now()
		var wg sync.WaitGroup
		for burst := range 2 {
			for i := range 60 {
				wg.Go(func() {
					_, err := embedding.Query(t.Context(), e, fmt.Sprintf("%d in burst %d", i, burst))
					expect.Equal(t, "error", err, nil)
				})
			}
			wg.Wait()
			time.Sleep(10 * time.Second)
		}
		if l := s.Ledger(); l.Requests != 120 || l.Billed != 120 {
			t.Errorf("%d of %d requests were refused, want 0 of 120", l.Requests-l.Billed, l.Requests)
		}
		if took := time.Since(start) - 20*time.Second; took < 3*time.Second || took > 5*time.Second {
			t.Errorf("120 requests at 30 a second took %v", took)
		}
	})
}

// slow is the way to an emulator in memory, and back.
type slow struct{ inMemory }

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(rand.N(10 * time.Millisecond))
	res, err := s.inMemory.RoundTrip(r)
	time.Sleep(30*time.Millisecond + rand.N(60*time.Millisecond))
	return res, err
}

// TestPaceOfTheEmulator: the standard stack learns what an account allows that nobody told it of,
// by what the emulator refuses in the service's words, which do not say when to come again.
func TestPaceOfTheEmulator(t *testing.T) {
	for _, c := range []struct {
		name  string
		rates emulator.Rates
		ideal time.Duration // of 1,000 requests
		most  time.Duration // with the first window
	}{
		{name: "requests", rates: emulator.Rates{RPM: 600}, ideal: 100 * time.Second, most: 116 * time.Second},
		{name: "requests a minute", rates: emulator.Rates{RPM: 100, RPS: -1}, ideal: 10 * time.Minute, most: 11*time.Minute + 30*time.Second},
		{name: "tokens", rates: emulator.Rates{TPM: 12_000}, ideal: 100 * time.Second, most: 116 * time.Second},
		{name: "growth", rates: emulator.Rates{RPM: 1200, Growth: 2}, ideal: 50 * time.Second, most: 95 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := dashscopetest.New(dashscopetest.Options{Options: emulator.Options{
					Settings: emulator.Settings{Rates: c.rates}, Tokens: func(string) int { return 20 },
				}})
				expect.NoError(t, err)
				p, err := dashscope.New(dashscope.Options{
					Model: "text-embedding-v4", Dimensions: 64, Key: emulator.DefaultKey, BaseURL: "http://127.0.0.1" + dashscopetest.BasePath,
					HTTPClient: &http.Client{Transport: slow{inMemory{s}}},
				})
				expect.NoError(t, err)
				e := embedding.Chain(p, middleware.Standard(middleware.StandardOptions{Batch: middleware.BatchOptions{Limits: embedding.Limits{Texts: 1}}}))
				texts := make([]string, 1000)
				for i := range texts {
					texts[i] = fmt.Sprintf("text %4d", i)
				}
				start := time.Now()
				_, err = embedding.Documents(t.Context(), e, texts)
				expect.NoError(t, err)
				took, l := time.Since(start), s.Ledger()
				refused := float64(l.Requests-l.Billed) / float64(l.Requests)
				t.Logf("%s: %v, the ideal is %v; %.1f %% refused", c.name, took.Round(time.Second), c.ideal, 100*refused)
				if took > c.most || refused > 0.08 {
					t.Errorf("%v and %.1f %% refused, want %v and 8 %% at most", took, 100*refused, c.most)
				}
			})
		})
	}
}
