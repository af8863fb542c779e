package cache

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"

	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
)

func TestOptions(t *testing.T) {
	for _, o := range []Options{{MaxBytes: -1}, {MaxBytes: 100}, {TTL: -1}} {
		_, err := New(o)
		expect.Says(t, fmt.Sprintf("%+v", o), err, "must")
	}
}

func TestTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{TTL: time.Hour})
		expect.NoError(t, err)
		defer c.Close()
		e := embedding.Chain(newProvider(model("s")), c.Wrap)
		embed(t, e, "a")
		time.Sleep(59 * time.Minute)
		expect.Equal(t, "reused within its time", embed(t, e, "a").Usage.Reused, 1)
		time.Sleep(2 * time.Minute)
		expect.Equal(t, "reused after its time", embed(t, e, "a").Usage.Reused, 0)
	})
}

func TestPurge(t *testing.T) {
	c := open(t, Options{})
	a, b := embedding.Chain(newProvider(model("a")), c.Wrap), embedding.Chain(newProvider(model("b")), c.Wrap)
	texts := make([]string, 500)
	for i := range texts {
		texts[i] = fmt.Sprint(i)
	}
	embed(t, a, texts...)
	embed(t, b, texts...)
	full := c.Stats().Bytes
	c.PurgeSpace(t.Context(), "a")
	if got := c.Stats(); got.Bytes*2 != full || got.Evicted != 500 {
		t.Errorf("%+v of %d bytes", got, full)
	}
	if embed(t, b, texts...).Usage.Reused != 500 || embed(t, a, texts...).Usage.Reused != 0 {
		t.Error("the wrong space was purged")
	}
	c.Purge(t.Context())
	if c.Stats().Bytes != 0 || embed(t, b, texts...).Usage.Reused != 0 {
		t.Error("something is left")
	}
}

func TestPurgeHoldsForRequestsUnderWay(t *testing.T) {
	c := open(t, Options{})
	p := newProvider(model("s"))
	purge := func(string) error { c.Purge(t.Context()); return nil }
	p.fails = purge
	e := embedding.Chain(p, c.Wrap)
	embed(t, e, "a")
	p.fails = nil
	expect.Equal(t, "reused of what was asked for before the purge", embed(t, e, "a").Usage.Reused, 0)
}

func TestCloseWhileInUse(t *testing.T) {
	c := open(t, Options{})
	e := embedding.Chain(newProvider(model("s")), c.Wrap)
	var wg sync.WaitGroup
	var calls atomic.Int64
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				embed(t, e, fmt.Sprint(i, g%2), fmt.Sprint(i))
				if calls.Add(1) == 500 {
					c.Close()
				}
				c.Stats()
			}
		})
	}
	wg.Wait()
	c.Close()
	c.Purge(t.Context())
	c.PurgeSpace(t.Context(), "s")
	if res := embed(t, e, "after"); res.Usage.Requests != 1 || c.Stats().Bytes != 0 {
		t.Errorf("after Close: %+v", res)
	}
}

func TestBytesAreTrue(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector adds memory")
	}
	for _, c := range []struct {
		ttl  time.Duration
		dims int
	}{{0, 64}, {0, 1024}, {time.Hour, 256}} {
		heap := func() int64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		cache := open(t, Options{TTL: c.ttl})
		m := model("s")
		m.Dimensions = c.dims
		row := make([]float32, c.dims)
		const n = 20_000
		before := heap()
		_, err := cache.Warm(m, 0, func(yield func(string, []float32) bool) {
			for i := range n {
				if !yield(fmt.Sprint(i), row) {
					return
				}
			}
		})
		expect.NoError(t, err)
		spent, said := heap()-before, cache.Stats().Bytes
		runtime.KeepAlive(cache)
		t.Logf("%d dimensions, ttl %v: %d bytes a vector spent, %d accounted", c.dims, c.ttl, spent/n, said/n)
		if ratio := float64(said) / float64(spent); ratio < 0.85 || ratio > 1.15 {
			t.Errorf("%d dimensions, ttl %v: accounted %.2f of what the heap holds", c.dims, c.ttl, ratio)
		}
	}
}

// What New has not made says so, and does not panic with the words of its parts.
func TestZeroCache(t *testing.T) {
	for name, c := range map[string]*Cache{"zero": {}, "nil": nil} {
		for call, do := range map[string]func() error{
			"Wrap": func() (err error) {
				defer func() { err = fmt.Errorf("%v", recover()) }()
				c.Wrap(newProvider(model("s")))
				return nil
			},
			"Warm":       func() error { _, err := c.Warm(model("s"), 0, func(func(string, []float32) bool) {}); return err },
			"Purge":      func() error { return c.Purge(t.Context()) },
			"PurgeSpace": func() error { return c.PurgeSpace(t.Context(), "s") },
		} {
			expect.Says(t, fmt.Sprintf("%s of a %s Cache", call, name), do(), call+": the Cache was not made by cache.New")
		}
		expect.Equal(t, "stats", c.Stats(), Stats{})
		c.Close()
	}
}

func TestAbsurdSizes(t *testing.T) {
	for _, n := range []int64{1<<40 + 1, 9e18, math.MaxInt64} {
		_, err := New(Options{MaxBytes: n})
		expect.Says(t, fmt.Sprintf("MaxBytes of %d", n), err, fmt.Sprintf("MaxBytes is %d", n))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	open(t, Options{MaxBytes: 1 << 40})
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 512 {
		t.Errorf("an empty cache of 1 TiB took %d MiB, want at most 512", took)
	}
}
