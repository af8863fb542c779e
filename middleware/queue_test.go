package middleware

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/vecspace/embedding"
)

// call is a caller of the queue's tests.
type call struct {
	at       time.Duration
	deadline time.Duration // after at; 0: none
	cancel   time.Duration // after at; 0: never
	lane     Lane
}

// drawCall draws a caller of the first seconds, who may have a deadline or leave within patience
// more, if there is any.
func drawCall(rng *rand.Rand, seconds, patience int) call {
	c := call{at: time.Duration(rng.Int64N(int64(seconds) * int64(time.Second)))}
	if patience > 0 {
		switch d := time.Duration(rng.Int64N(int64(patience)*int64(time.Second))) + 1; rng.IntN(3) {
		case 0:
			c.deadline = d
		case 1:
			c.cancel = d
		}
	}
	return c
}

// checkQuota fails the test if a second or a minute has more than its requests and those saved.
func checkQuota(t *rapid.T, times []time.Duration, rps, saved int) {
	if got := mostIn(times, time.Second); got > rps+saved {
		t.Errorf("%d requests in a second of %d", got, rps)
	}
	if got := mostIn(times, time.Minute); got > 60*rps+saved {
		t.Errorf("%d requests in a minute of %d", got, 60*rps)
	}
}

// served asks as the calls say and returns when each request reached the provider, from the start.
func served(t *testing.T, e embedding.Embedder, p *target, calls []call) []time.Duration {
	t.Helper()
	start := time.Now()
	var wg sync.WaitGroup
	for _, c := range calls {
		wg.Go(func() {
			time.Sleep(c.at)
			ctx := WithLane(t.Context(), c.lane)
			if c.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.deadline)
				defer cancel()
			}
			if c.cancel > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithCancel(ctx)
				defer time.AfterFunc(c.cancel, cancel).Stop()
				defer cancel()
			}
			_ = ask(ctx, e, "a")
		})
	}
	wg.Wait()
	out := make([]time.Duration, len(p.starts))
	for i, at := range p.starts {
		out[i] = at.Sub(start)
	}
	slices.Sort(out)
	return out
}

// mostIn returns the most of the sorted times that are in one interval [t, t+of).
func mostIn(times []time.Duration, of time.Duration) int {
	most, lo := 0, 0
	for hi, at := range times {
		for at-times[lo] >= of {
			lo++
		}
		most = max(most, hi-lo+1)
	}
	return most
}

// TestQueueProperty: whoever arrives, gives up or leaves, no second and no minute has more than the
// quota and the one request that a bucket saves, and the quota is used whenever somebody waits.
func TestQueueProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rps := rapid.IntRange(1, 20).Draw(rt, "a second")
		shared := rapid.Bool().Draw(rt, "shared")
		seconds := rapid.IntRange(5, 120).Draw(rt, "seconds")
		load := rapid.Float64Range(0.3, 4).Draw(rt, "load")
		patience := rapid.IntRange(0, 60).Draw(rt, "patience")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		var calls []call
		var immortal []time.Duration // those who never leave
		for range int(load * float64(rps*seconds)) {
			c := drawCall(rng, seconds, patience)
			if c.deadline+c.cancel == 0 {
				immortal = append(immortal, c.at)
			}
			calls = append(calls, c)
		}
		synctest.Test(t, func(t *testing.T) {
			o := LimitOptions{RPM: 60 * rps}
			if shared {
				o.Shared = &quota{requests: newBucket(60 * rps)}
			}
			p := &target{}
			times := served(t, embedding.Chain(p, Limit(o)), p, calls)
			// Somebody of the shared account asks at most as much too late as it may ask too early.
			checkQuota(rt, times, rps, 1)
			if len(times) < len(immortal) {
				rt.Errorf("%d requests were served, %d callers never left", len(times), len(immortal))
			}
			// Those who never leave wait for a gap only if there is none: a longer one than a turn means
			// that nobody waited.
			slices.Sort(immortal)
			step := time.Second / time.Duration(rps)
			for i := 1; i < len(times); i++ {
				if gap := times[i] - times[i-1]; gap > step+time.Microsecond {
					// In a gap, nobody who never leaves may have arrived and not been served: all of them so far
					// are among the served.
					if n, _ := slices.BinarySearch(immortal, times[i]-step); n > i {
						rt.Errorf("nothing was sent between %v and %v, and %d callers waited", times[i-1], times[i], n-i)
					}
				}
			}
		})
	})
}

// TestQueueMovesUp is the case that gave slots twice: callers who leave after half a minute.
func TestQueueMovesUp(t *testing.T) {
	for _, shared := range []bool{false, true} {
		t.Run(fmt.Sprint("shared ", shared), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var calls []call
				for i := range 300 * 30 {
					calls = append(calls, call{at: time.Duration(i) * time.Second / 30, cancel: 30 * time.Second})
				}
				o := LimitOptions{RPM: 600}
				if shared {
					o.Shared = &quota{requests: newBucket(600)}
				}
				p := &target{}
				times := served(t, embedding.Chain(p, Limit(o)), p, calls)
				if second, minute := mostIn(times, time.Second), mostIn(times, time.Minute); second > 11 || minute > 601 {
					t.Errorf("%d requests in a second and %d in a minute, want at most 11 and 601", second, minute)
				}
				if len(times) < 3000 { // callers come for 300 s
					t.Errorf("%d requests, the last after %v, want 3,000 at least", len(times), times[len(times)-1])
				}
			})
		})
	}
}

// TestQueueTellsWhatIsAhead: a caller is told at once of those ahead of it, and only of those who
// are still there.
func TestQueueTellsWhatIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := embedding.Chain(&target{}, Limit(LimitOptions{RPM: 60}))
		gone, leave := context.WithCancel(t.Context())
		_ = ask(t.Context(), e, "a")
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { _ = ask(gone, e, "a") })
		}
		synctest.Wait()
		short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := ask(short, e, "a")
		if ours, ok := errors.AsType[*embedding.Error](err); !ok || ours.RetryAfter != 11*time.Second {
			t.Errorf("behind ten: %v, want to be told of 11 s", err)
		}
		leave()
		wg.Wait()
		start := time.Now()
		if err := ask(short, e, "a"); err != nil || time.Since(start) != time.Second {
			t.Errorf("after they have left: %v in %v, want no error in 1 s", err, time.Since(start))
		}
	})
}
