package middleware

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// quota counts as a Quota in Redis does, in memory.
type quota struct {
	requests, tokens *bucket
	fails            func(context.Context) error
	mu               sync.Mutex
	draws            []Draw
	urgent           time.Time // an interactive draw was told to ask again then
}

func (q *quota) Take(ctx context.Context, d Draw) (time.Duration, error) {
	q.mu.Lock()
	q.draws = append(q.draws, d)
	q.mu.Unlock()
	if q.fails != nil {
		if err := q.fails(ctx); err != nil {
			return 0, err
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	none := [lanes]int{}
	wait := max(q.requests.wait(now, d.Lane, none, max(0, d.Requests)), q.tokens.wait(now, d.Lane, none, max(0, d.Tokens)))
	if d.Lane == Bulk && d.Requests > 0 && q.urgent.After(now) {
		wait = max(wait, q.urgent.Sub(now)+50*time.Millisecond)
	}
	switch {
	case wait <= d.Most || d.Requests <= 0 && d.Tokens <= 0:
		q.requests.take(d.Lane, d.Requests)
		q.tokens.take(d.Lane, d.Tokens)
	case d.Lane == Interactive:
		q.urgent = later(q.urgent, now.Add(wait))
	}
	return wait, nil
}

func (q *quota) drawn() []Draw {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]Draw(nil), q.draws...)
}

func TestSharedLimitIsOneAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &quota{requests: newBucket(60)}
		p := &target{}
		start := time.Now()
		var wg sync.WaitGroup
		for range 3 { // three processes, ten requests each
			e := embedding.Chain(p, Limit(LimitOptions{RPM: 60, Shared: q, Window: time.Minute}))
			for range 10 {
				wg.Go(func() {
					if err := ask(t.Context(), e, "a"); err != nil {
						t.Errorf("got the error %v, want none", err)
					}
				})
			}
		}
		wg.Wait()
		expect.Equal(t, "30 requests took", time.Since(start).Round(time.Millisecond), 29*time.Second)
		if d := q.drawn()[0]; d.RPM != 60 || d.TPM != 0 || d.Requests != 1 || d.Tokens != 0 || d.Window != time.Minute {
			t.Errorf("%+v", d)
		}
	})
}

func TestSharedLimitSettlesAndGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &quota{requests: newBucket(60), tokens: newBucket(600)}
		e := embedding.Chain(&target{tokens: 1}, Limit(LimitOptions{RPM: 60, TPM: 600, Shared: q}))
		expect.NoError(t, ask(t.Context(), e, strings.Repeat("abcd ", 10)))
		if got := q.drawn(); len(got) != 2 || got[0].Tokens < 5 || got[1].Tokens != 1-got[0].Tokens || got[1].Requests != 0 {
			t.Errorf("%+v", got)
		}
		// One who cannot be served in time is told at once, one who leaves gives back, and the next one
		// does not wait for them.
		start := time.Now()
		short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		err := ask(short, e, "a")
		if ours, ok := errors.AsType[*embedding.Error](err); !ok || ours.Kind != embedding.RateLimited || ours.Code != CodeLimit ||
			ours.RetryAfter != time.Second || time.Since(start) > 0 {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		gone, leave := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, leave)
		if err := ask(gone, e, "a"); !errors.Is(err, context.Canceled) {
			t.Errorf("got the error %v, want context.Canceled", err)
		}
		if err := ask(t.Context(), e, "a"); err != nil || time.Since(start).Round(time.Millisecond) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestSharedLimitThatIsDown(t *testing.T) {
	down := errors.New("connection refused")
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for name, c := range map[string]struct {
		processes int
		fails     func(context.Context) error
		want      time.Duration // of ten requests
	}{
		"refuses":           {0, func(context.Context) error { return down }, 0},
		"hangs":             {0, hang, 3 * quotaTimeout},
		"refuses, goes on":  {6, func(context.Context) error { return down }, 9 * time.Second}, // one request a second is this process's part
		"hangs and goes on": {6, hang, 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &quota{requests: newBucket(360), fails: c.fails}
				e := embedding.Chain(&target{}, Limit(LimitOptions{RPM: 360, Shared: q, Processes: c.processes}))
				start := time.Now()
				for range 10 {
					err := ask(t.Context(), e, "a")
					if c.processes > 0 {
						expect.NoError(t, err)
						continue
					}
					if ours, ok := errors.AsType[*embedding.Error](err); !ok || ours.Kind != embedding.Unavailable || ours.Code != CodeQuota {
						t.Fatalf("got the error %v, want Unavailable with %s", err, CodeQuota)
					}
				}
				if took := time.Since(start).Round(time.Millisecond); took < c.want || took > c.want+3*quotaTimeout {
					t.Errorf("took %v, want about %v", took, c.want)
				}
				q.fails = nil
				time.Sleep(10 * time.Second)
				before := len(q.drawn())
				if err := ask(t.Context(), e, "a"); err != nil || len(q.drawn()) == before {
					t.Errorf("%v: it is not asked although it is well again", err)
				}
			})
		})
	}
}

// A caller whose context is about to end gives the account no time to answer, and that is not taken
// for its failure.
func TestSharedLimitHasNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &quota{requests: newBucket(360), fails: func(ctx context.Context) error {
			select {
			case <-time.After(20 * time.Millisecond): // a far server
				return nil
			case <-ctx.Done():
				return fmt.Errorf("read tcp: %w", os.ErrDeadlineExceeded)
			}
		}}
		e := embedding.Chain(&target{}, Limit(LimitOptions{RPM: 360, Shared: q}))
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			err := ask(ctx, e, "a")
			cancel()
			if ours, ok := errors.AsType[*embedding.Error](err); !ok || ours.Kind != embedding.RateLimited || ours.Code != CodeLimit {
				t.Fatalf("got the error %v, want RateLimited with %s", err, CodeLimit)
			}
		}
		expect.NoError(t, ask(t.Context(), e, "a"))
	})
}

func TestSharedLimitLaws(t *testing.T) {
	embedtest.Test(t, func(*testing.T) embedtest.Subject {
		f := embedtest.NewFake(embedtest.FakeOptions{})
		q := &quota{requests: newBucket(1 << 30), tokens: newBucket(1 << 30)}
		return embedtest.Subject{Embedder: embedding.Chain(f, Limit(LimitOptions{RPM: 1 << 30, TPM: 1 << 30, Shared: q})), Ledger: f.Ledger}
	})
}
