// Package storetest tests implementations of cache.Store. Use it for your own Store:
//
//	func TestStore(t *testing.T) {
//		storetest.Test(t, func(t *testing.T) cache.Store { return acme.Open(t.TempDir()) })
//	}
package storetest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware/cache"
)

// Test runs each law of a [cache.Store] as a subtest, on an empty Store from open. It also runs
// the laws of an Embedder ([embedtest.Test]) on chains with a cache over such a Store.
func Test(t *testing.T, open func(*testing.T) cache.Store) {
	for name, law := range map[string]func(*testing.T, cache.Store){
		"what is set is got":    roundTrip,
		"empty":                 empty,
		"order and duplicates":  order,
		"replaced":              replaced,
		"memory of its own":     ownMemory,
		"many at once":          many,
		"purge of a space":      purgeSpace,
		"purge":                 purge,
		"ended context":         ended,
		"several at once":       concurrent,
		"a cache that restarts": restart,
	} {
		t.Run(name, func(t *testing.T) { law(t, open(t)) })
	}
	t.Run("chain", func(t *testing.T) {
		embedtest.Test(t, func(t *testing.T) embedtest.Subject {
			f := embedtest.NewFake(embedtest.FakeOptions{})
			return embedtest.Subject{Embedder: embedding.Chain(f, over(t, open(t), cache.Options{}).Wrap), Ledger: f.Ledger}
		})
	})
	// Memory is too small for a vector, so the Store answers.
	t.Run("chain without memory", func(t *testing.T) {
		embedtest.Test(t, func(t *testing.T) embedtest.Subject {
			f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 4096}})
			return embedtest.Subject{Embedder: embedding.Chain(f, over(t, open(t), cache.Options{MaxBytes: 64 << 10}).Wrap), Ledger: f.Ledger}
		})
	})
}

// over returns a Cache over s, with a timeout that is long enough for a slow machine.
func over(t *testing.T, s cache.Store, o cache.Options) *cache.Cache {
	t.Helper()
	o.Store, o.StoreTimeout, o.MaxBytes = s, time.Minute, cmp.Or(o.MaxBytes, 1<<20)
	c, err := cache.New(o)
	expect.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// key returns the n-th key of a space.
func key(space byte, n int) (k cache.Key) {
	rng := rand.New(rand.NewPCG(uint64(space), uint64(n)))
	for i := range k {
		k[i] = byte(rng.Uint32())
	}
	for i := range 8 {
		k[i] = space
	}
	return k
}

// row returns the n-th vector. All are different.
func row(n, dimensions int) []float32 {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(dimensions)))
	v := make([]float32, dimensions)
	for i := range v {
		v[i] = rng.Float32() - 0.5
	}
	v[0] = float32(n)
	return v
}

func set(t *testing.T, s cache.Store, keys []cache.Key, rows [][]float32) {
	t.Helper()
	if err := s.Set(t.Context(), keys, rows); err != nil {
		t.Fatalf("Set of %d: %v", len(keys), err)
	}
}

func get(t *testing.T, s cache.Store, keys ...cache.Key) [][]float32 {
	t.Helper()
	rows := make([][]float32, len(keys))
	if err := s.Get(t.Context(), keys, rows); err != nil {
		t.Fatalf("Get of %d: %v", len(keys), err)
	}
	return rows
}

func same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func roundTrip(t *testing.T, s cache.Store) {
	odd := []float32{0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, math.MaxFloat32, -math.MaxFloat32, 1.0 / 3, 0x1p-126}
	for n, v := range [][]float32{{1}, odd, row(1, 63), row(2, 1024), row(3, 4096), row(4, 20_000)} {
		k := key(1, n)
		if got := get(t, s, k); got[0] != nil {
			t.Fatalf("an empty store holds %d floats", len(got[0]))
		}
		set(t, s, []cache.Key{k}, [][]float32{v})
		if got := get(t, s, k); !same(got[0], v) {
			t.Errorf("%d floats came back as %d others", len(v), len(got[0]))
		}
	}
}

func empty(t *testing.T, s cache.Store) {
	set(t, s, nil, nil)
	get(t, s)
}

func order(t *testing.T, s cache.Store) {
	keys := []cache.Key{key(1, 3), key(1, 1), key(2, 1), key(1, 2)}
	rows := [][]float32{row(3, 8), row(1, 8), row(21, 8), row(2, 8)}
	set(t, s, keys, rows)
	ask := []cache.Key{keys[2], key(1, 9), keys[0], keys[2], keys[3], keys[1], key(9, 1)}
	want := [][]float32{rows[2], nil, rows[0], rows[2], rows[3], rows[1], nil}
	for i, got := range get(t, s, ask...) {
		if !same(got, want[i]) {
			t.Errorf("key %d: %v, want %v", i, got, want[i])
		}
	}
}

func replaced(t *testing.T, s cache.Store) {
	k := key(1, 1)
	for n := range 3 {
		set(t, s, []cache.Key{k}, [][]float32{row(n, 8+n)})
		if got := get(t, s, k); !same(got[0], row(n, 8+n)) {
			t.Errorf("%v is not what was set last", got[0])
		}
	}
}

func ownMemory(t *testing.T, s cache.Store) {
	k := key(1, 1)
	set(t, s, []cache.Key{k}, [][]float32{row(1, 8)})
	first := get(t, s, k, k)
	clear(first[0])
	_ = append(first[1], 7)
	if !same(first[1], row(1, 8)) || !same(get(t, s, k)[0], row(1, 8)) {
		t.Error("a row shares its memory")
	}
}

func many(t *testing.T, s cache.Store) {
	const n = 2000
	keys, rows := make([]cache.Key, n), make([][]float32, n)
	for i := range n {
		keys[i], rows[i] = key(byte(i%3), i), row(i, 256)
	}
	set(t, s, keys, rows)
	for i, got := range get(t, s, keys...) {
		if !same(got, rows[i]) {
			t.Fatalf("vector %d of %d is another", i, n)
		}
	}
}

func fill(t *testing.T, s cache.Store) (a, b []cache.Key) {
	t.Helper()
	for n := range 300 {
		a, b = append(a, key('*', n)), append(b, key('?', n))
	}
	rows := make([][]float32, len(a))
	for i := range rows {
		rows[i] = row(i, 16)
	}
	set(t, s, a, rows)
	set(t, s, b, rows)
	return a, b
}

func held(t *testing.T, s cache.Store, keys []cache.Key) (n int) {
	t.Helper()
	for _, got := range get(t, s, keys...) {
		if got != nil {
			n++
		}
	}
	return n
}

func purgeSpace(t *testing.T, s cache.Store) {
	a, b := fill(t, s)
	expect.NoError(t, s.Purge(t.Context(), a[0][:8]))
	if left, kept := held(t, s, a), held(t, s, b); left != 0 || kept != len(b) {
		t.Errorf("of the purged space %d are left, of the other one %d of %d", left, kept, len(b))
	}
}

func purge(t *testing.T, s cache.Store) {
	a, b := fill(t, s)
	expect.NoError(t, s.Purge(t.Context(), nil))
	expect.Equal(t, "left", held(t, s, a)+held(t, s, b), 0)
	set(t, s, a[:1], [][]float32{row(1, 8)})
	expect.Equal(t, "held after the purge", held(t, s, a), 1)
}

func ended(t *testing.T, s cache.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	keys := []cache.Key{key(1, 1)}
	if err := s.Get(ctx, keys, make([][]float32, 1)); err == nil {
		t.Error("Get succeeds although its context has ended")
	}
	_ = s.Set(ctx, keys, [][]float32{row(1, 8)}) // may have stored it or not
	if got := get(t, s, keys[0])[0]; got != nil && !same(got, row(1, 8)) {
		t.Errorf("%v was stored", got)
	}
}

func concurrent(t *testing.T, s cache.Store) {
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				keys, rows := make([]cache.Key, 10), make([][]float32, 10)
				for j := range keys {
					n := (g/2*20+i)*10 + j // pairs of goroutines write the same
					keys[j], rows[j] = key(1, n), row(n, 32)
				}
				if err := s.Set(t.Context(), keys, rows); err != nil {
					t.Errorf("got the error %v, want none", err)
					return
				}
				got := make([][]float32, len(keys))
				if err := s.Get(t.Context(), keys, got); err != nil {
					t.Errorf("got the error %v, want none", err)
					return
				}
				for j := range got {
					if !same(got[j], rows[j]) {
						t.Errorf("another vector for key %d of goroutine %d", j, g)
					}
				}
			}
		})
	}
	wg.Wait()
}

func restart(t *testing.T, s cache.Store) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	texts := make([]string, 100)
	for i := range texts {
		texts[i] = fmt.Sprint("text ", i)
	}
	var first embedding.Response
	for run := range 3 {
		c := over(t, s, cache.Options{})
		res, err := embedding.Chain(f, c.Wrap).Embed(t.Context(), embedding.Request{Texts: texts})
		expect.NoError(t, err)
		if run == 0 {
			first = res
			continue
		}
		if res.Usage != (embedding.Usage{Reused: len(texts)}) {
			t.Errorf("run %d was not answered by the store: %+v", run, res.Usage)
		}
		for i := range texts {
			if !same(res.Vectors[i], first.Vectors[i]) {
				t.Fatalf("text %d has another vector in run %d", i, run)
			}
		}
		if got := c.Stats().Tier; got.Hits != int64(len(texts)) || got.ReadErr != nil || got.WriteErr != nil {
			t.Errorf("run %d: %+v", run, got)
		}
		c.Close()
	}
}
