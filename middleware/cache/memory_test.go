package cache

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
)

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

func TestHitAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector adds allocations")
	}
	p := newProvider(model("s"))
	e := embedding.Chain(p, open(t, Options{}).Wrap)
	texts := make([]string, 64)
	for i := range texts {
		texts[i] = strings.Repeat(fmt.Sprint(i), 500)[:500-i]
	}
	embed(t, e, texts...)
	ctx := t.Context()
	for n, most := range map[int]float64{1: 0, 64: 1} {
		req := embedding.Request{Texts: texts[:n]}
		if got := testing.AllocsPerRun(200, func() { e.Embed(ctx, req) }); got > most {
			t.Errorf("%d hits: %v allocations, at most %v", n, got, most)
		}
	}
}
