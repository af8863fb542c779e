package natsqueue

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/vecspace/embedding/middleware"
)

// spend draws as often as the quota allows until a time, one request at a time, and returns what
// was drawn.
func spend(b *bank, begin time.Time, during time.Duration, d middleware.Draw) (requests, tokens int) {
	d.Most = time.Minute
	for now := begin; ; requests, tokens = requests+d.Requests, tokens+d.Tokens {
		if now = now.Add(b.take(now, "a", d)); now.Sub(begin) >= during {
			return requests, tokens
		}
	}
}

// TestRates: an account gives 94 % of the requests or 92 % of the tokens, and 98 % of both in a
// window of a minute. Bulk gets nine tenths of that.
func TestRates(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		draw middleware.Draw
		want float64 // of the account, requests or tokens
	}{
		"requests":           {middleware.Draw{RPM: 600, Requests: 1}, .94},
		"tokens":             {middleware.Draw{TPM: 60_000, Requests: 1, Tokens: 100}, .92},
		"both":               {middleware.Draw{RPM: 600, TPM: 60_000, Requests: 1, Tokens: 200}, .92},
		"requests in bulk":   {middleware.Draw{RPM: 600, Requests: 1, Lane: middleware.Bulk}, .94 * .9},
		"more than a second": {middleware.Draw{TPM: 60_000, Requests: 1, Tokens: 5_000}, .92},
		"two seconds":        {middleware.Draw{RPM: 600, Requests: 1, Window: 2 * time.Second}, .97},
		"a minute":           {middleware.Draw{RPM: 600, Requests: 1, Window: time.Minute}, .98},
		"tokens of a minute": {middleware.Draw{TPM: 60_000, Requests: 1, Tokens: 100, Window: time.Minute}, .98},
	} {
		t.Run(name, func(t *testing.T) {
			requests, tokens := spend(&bank{accounts: map[string]*account{}}, begin, 10*time.Minute, tc.draw)
			got := float64(requests) / 6_000
			if tc.draw.TPM > 0 {
				got = float64(tokens) / 600_000
			}
			if got < tc.want*.99 || got > tc.want*1.01 {
				t.Errorf("drew %.3f of what the account allows, want %.3f", got, tc.want)
			}
		})
	}
}

// TestQueryBesideBulk: a query waits for one bulk request at most, however much bulk has drawn.
func TestQueryBesideBulk(t *testing.T) {
	b := &bank{accounts: map[string]*account{}}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	bulk := middleware.Draw{RPM: 600, Requests: 1, Most: 20 * time.Millisecond, Lane: middleware.Bulk}
	query := middleware.Draw{RPM: 600, Requests: 1, Most: time.Hour}
	for range 20 {
		for range 1_000 { // a second of a job that asks all the time
			now = now.Add(time.Millisecond)
			b.take(now, "a", bulk)
		}
		if wait := b.take(now, "a", query); wait > 150*time.Millisecond {
			t.Errorf("a query waits %v beside bulk, want at most one request of bulk", wait)
		}
	}
	if wait := b.take(now, "b", query); wait != 0 {
		t.Errorf("another account waits %v, want nothing", wait)
	}
}

func TestGivenBackAndTooLong(t *testing.T) {
	b := &bank{accounts: map[string]*account{}}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	d := middleware.Draw{RPM: 60, Requests: 1}
	if wait := b.take(now, "a", d); wait != 0 {
		t.Errorf("the first request waits %v", wait)
	}
	first := b.take(now, "a", d)
	if again := b.take(now, "a", d); first <= 0 || again != first {
		t.Errorf("a wait that is too long draws something: %v, then %v", first, again)
	}
	back := d
	back.Requests = -1
	b.take(now, "a", back)
	if wait := b.take(now, "a", d); wait != 0 {
		t.Errorf("what was given back makes the next wait %v", wait)
	}
}

// TestQuotaOverNATS: goroutines of several processes share an account; without one who serves it
// there is an error and no hang.
func TestQuotaOverNATS(t *testing.T) {
	s, err := Serve(ServerOptions{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatalf("Serve: %v", err)
	}
	defer s.Close()
	connect := func() *nats.Conn {
		nc, err := nats.Connect(s.URL())
		if err != nil {
			t.Fatalf("Connect: %v", err)
		}
		t.Cleanup(nc.Close)
		return nc
	}
	quota := func() *Quota {
		q, err := NewQuota(connect(), "dashscope")
		if err != nil {
			t.Fatalf("NewQuota: %v", err)
		}
		return q
	}
	alone, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := quota().Take(alone, middleware.Draw{RPM: 60, Requests: 1}); err == nil {
		t.Error("got a turn from nobody")
	}
	stop, err := ServeQuota(connect())
	if err != nil {
		t.Fatalf("ServeQuota: %v", err)
	}
	defer func() { _ = stop() }()
	var mu sync.Mutex
	var longest time.Duration
	var all sync.WaitGroup
	for range 3 {
		q := quota()
		for range 10 {
			all.Go(func() {
				wait, err := q.Take(t.Context(), middleware.Draw{RPM: 60, Requests: 1, Most: time.Hour})
				if err != nil {
					t.Errorf("Take: %v", err)
				}
				mu.Lock()
				longest = max(longest, wait)
				mu.Unlock()
			})
		}
	}
	all.Wait()
	if longest < 25*time.Second || longest > 35*time.Second { // 30 draws at .94 a second
		t.Errorf("the last of 30 requests at 60 RPM waits %v, want about 31 s", longest)
	}
	if _, err := NewQuota(connect(), ""); err == nil {
		t.Error("an account without a name is no error")
	}
}
