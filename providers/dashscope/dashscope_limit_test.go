package dashscope_test

import (
	"fmt"
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
					if _, err := embedding.Query(t.Context(), e, fmt.Sprintf("%d in burst %d", i, burst)); err != nil {
						t.Errorf("got the error %v, want none", err)
					}
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
