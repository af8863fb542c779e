package natsqueue_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/natsqueue"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

// TestQuotaUsed: ten workers of one job share an account, and the emulator counts by its own clock.
// In the middle 90 % of the run they use what the quota gives, and hardly a request is refused. The
// job itself costs less than 1 % of the time that the quota takes. JOBS_SECONDS is about how long
// each job takes; windows of a minute need 180 or more.
func TestQuotaUsed(t *testing.T) {
	seconds, err := strconv.Atoi(os.Getenv("JOBS_SECONDS"))
	if err != nil {
		t.Skip("JOBS_SECONDS is not set: it measures real time")
	}
	const texts = 4 // of a request, each of 5 tokens
	for name, tc := range map[string]struct {
		rates  emulator.Rates
		limit  middleware.LimitOptions
		share  float64 // of the requests that the account allows, or of its tokens
		window int     // seconds
	}{
		"requests a second": {emulator.Rates{RPS: 20, RPM: 1200}, middleware.LimitOptions{RPM: 1200}, .94, 1},
		"tokens a second":   {emulator.Rates{RPS: -1, TPM: 24_000, TPS: 400}, middleware.LimitOptions{TPM: 24_000}, .92, 1},
		"requests a minute": {emulator.Rates{RPS: -1, RPM: 1200}, middleware.LimitOptions{RPM: 1200, Window: time.Minute}, .98, 60},
	} {
		t.Run(name, func(t *testing.T) {
			if seconds < 3*tc.window {
				t.Skipf("JOBS_SECONDS is %d: windows of %d s need three times as much", seconds, tc.window)
			}
			c := &counter{}
			e, err := openaitest.New(emulator.Options{Settings: emulator.Settings{Rates: tc.rates, Latency: 50 * time.Millisecond, Jitter: 50 * time.Millisecond},
				Tokens: func(string) int { return 5 }})
			if err != nil {
				t.Fatalf("New: %v", err)
			}
			server := httptest.NewServer(c.count(e))
			defer server.Close()
			requests := 20 * seconds
			took := runTen(t, server.URL+openaitest.BasePath, requests*texts, middleware.StandardOptions{
				Batch: middleware.BatchOptions{Limits: embedding.Limits{Texts: texts}}, Limit: tc.limit})
			used, refused := c.middle(20, took)
			ideal := float64(requests) / (20 * tc.share) // seconds that the quota alone takes
			t.Logf("used %.1f %% in the middle 90 %% of %.1f s, which is %.1f %% more than %.1f s; %d of %d requests refused",
				100*used, took.Seconds(), 100*(took.Seconds()/ideal-1), ideal, refused, len(c.served)+refused)
			if used < tc.share-.01 {
				t.Errorf("used %.1f %% of what the account allows, want %.1f %%", 100*used, 100*tc.share)
			}
			if took.Seconds() > ideal*1.01 {
				t.Errorf("took %.1f s, want less than 1 %% more than %.1f s", took.Seconds(), ideal)
			}
			if most := (len(c.served) + 199) / 200; refused > most {
				t.Errorf("%d of %d requests were refused, want at most %d", refused, len(c.served), most)
			}
		})
	}
}

// runTen lets ten workers do a job of n texts, and returns how long they took.
func runTen(t *testing.T, url string, n int, stack middleware.StandardOptions) time.Duration {
	t.Helper()
	t.Setenv("NATSQUEUE_KEY", emulator.DefaultKey)
	reference := "openai:text-embedding-3-small?dimensions=8&key_env=NATSQUEUE_KEY&base_url=" + url
	s := serve(t, t.TempDir(), "127.0.0.1:0")
	in := filepath.Join(t.TempDir(), "in.txt")
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "text %d\n", i)
	}
	if err := os.WriteFile(in, []byte(lines.String()), 0o600); err != nil {
		t.Fatalf("WriteFile: %v", err)
	}
	out := filepath.Join(t.TempDir(), "out")
	first, err := providers.Open(reference)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	p, err := jobs.NewPlan(t.Context(), first, jobs.Options{Inputs: []string{in}, Out: out, ShardTexts: 10 * 4})
	if err != nil {
		t.Fatalf("NewPlan: %v", err)
	}
	j, err := p.Start()
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	defer func() { _ = j.Close() }()
	var all sync.WaitGroup
	begin := time.Now()
	for k := range 10 {
		nc, err := nats.Connect(s.URL())
		if err != nil {
			t.Fatalf("Connect: %v", err)
		}
		defer nc.Close()
		if k == 0 {
			stop, err := natsqueue.ServeQuota(nc)
			if err != nil {
				t.Fatalf("ServeQuota: %v", err)
			}
			defer func() { _ = stop() }()
		}
		all.Go(func() {
			if err := workerOf(t, nc, out, reference, stack); err != nil {
				t.Errorf("worker %d: %v", k, err)
			}
		})
	}
	all.Wait()
	return time.Since(begin)
}

func workerOf(t *testing.T, nc *nats.Conn, dir, reference string, stack middleware.StandardOptions) error {
	e, err := providers.Open(reference)
	if err != nil {
		return err
	}
	j, err := jobs.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	quota, err := natsqueue.NewQuota(nc, j.Manifest.ID)
	if err != nil {
		return err
	}
	q, err := natsqueue.New(t.Context(), nc, natsqueue.Options{Job: j.Manifest.ID, Folder: j.Folder(), Done: j.Done})
	if err != nil {
		return err
	}
	defer func() { _ = q.Close() }()
	stack.Limit.Shared, stack.Limit.Processes = quota, 10
	return j.Work(t.Context(), e, jobs.WorkOptions{Queue: q, Check: -1, Stack: stack})
}

// counter notes when requests are served, and how many are refused as too many.
type counter struct {
	mu      sync.Mutex
	served  []time.Time
	refused int
}

func (c *counter) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		code := &status{ResponseWriter: w}
		next.ServeHTTP(code, r)
		c.mu.Lock()
		defer c.mu.Unlock()
		if code.code == http.StatusTooManyRequests {
			c.refused++
		} else {
			c.served = append(c.served, at)
		}
	})
}

// middle returns the part of a rate a second that was used in the middle 90 % of the time.
func (c *counter) middle(rate float64, took time.Duration) (used float64, refused int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := c.served[0]
	for _, at := range c.served {
		if at.Before(first) {
			first = at
		}
	}
	n := 0
	for _, at := range c.served {
		if since := at.Sub(first); since > took/20 && since < took-took/20 {
			n++
		}
	}
	return float64(n) / (rate * .9 * took.Seconds()), c.refused
}

type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}
