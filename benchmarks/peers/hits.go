package main

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"testing"
	"time"

	"github.com/dgraph-io/ristretto/v2"
	"github.com/maypok86/otter/v2"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware/cache"
)

// instant answers from memory, so that only the layers around it cost time.
type instant struct {
	model embedding.Model
	rows  [][]float32
}

func newInstant(want [][]float32) embedding.Embedder {
	return embedding.Chain(&instant{embedding.Model{Provider: "mock", ID: "instant", Dimensions: dimensions, Symmetric: true, Normalized: true,
		Limits: embedding.Limits{Texts: 100, Tokens: 1 << 20}}, want[:100]})
}

func (i *instant) Model() embedding.Model { return i.model }
func (i *instant) Embed(_ context.Context, req embedding.Request) (embedding.Response, error) {
	return embedding.Response{Vectors: i.rows[:len(req.Texts)], Usage: embedding.Usage{Requests: 1, Tokens: 10}}, nil
}

// hit is one way to find a text's vector in memory.
type hit struct {
	name   string
	module string
	ours   bool
	get    func(text []string) bool // one text; ours accept any number
	close  func()
}

const (
	nameBare      = "ristretto, bare Get, same keys and hash"
	nameLayer     = "embedding, cache layer"
	nameNoHook    = "embedding, whole chain without a hook"
	nameHook      = "embedding, whole chain with a hook"
	hitTexts      = 64
	allHits       = 64
	errHitMissing = "a text that was stored is not there"
)

// stored is an entry of the bare cache. It compares the second hash as ours does.
type stored struct {
	check  uint64
	vector []float32
}

func hits(keys []string, want [][]float32) ([]hit, error) {
	lo, hi := maphash.MakeSeed(), maphash.MakeSeed()
	bare, err := ristretto.NewCache(&ristretto.Config[uint64, *stored]{NumCounters: 2.5e6, MaxCost: 256 << 20, BufferItems: 64,
		KeyToHash: func(k uint64) (uint64, uint64) { return k, 0 }})
	if err != nil {
		return nil, err
	}
	plain, err := ristretto.NewCache(&ristretto.Config[string, []float32]{NumCounters: 2.5e6, MaxCost: 256 << 20, BufferItems: 64})
	if err != nil {
		return nil, err
	}
	fast, err := otter.New(&otter.Options[string, []float32]{MaximumSize: 50000})
	if err != nil {
		return nil, err
	}
	table := make(map[string][]float32)
	for i, k := range keys {
		v := want[i%len(want)]
		bare.Set(maphash.String(lo, k), &stored{maphash.String(hi, k), v}, int64(4*len(v)))
		plain.Set(k, v, int64(4*len(v)))
		fast.Set(k, v)
		table[k] = v
	}
	bare.Wait()
	plain.Wait()
	var mu sync.RWMutex
	all := []hit{
		{name: nameBare, module: "github.com/dgraph-io/ristretto/v2", close: bare.Close, get: func(k []string) bool {
			e, ok := bare.Get(maphash.String(lo, k[0]))
			return ok && e.check == maphash.String(hi, k[0]) && len(e.vector) == dimensions
		}},
		{name: "ristretto, string keys, its own hash", module: "github.com/dgraph-io/ristretto/v2", close: plain.Close, get: func(k []string) bool {
			v, ok := plain.Get(k[0])
			return ok && len(v) == dimensions
		}},
		{name: "otter", module: "github.com/maypok86/otter/v2", get: func(k []string) bool {
			v, ok := fast.GetIfPresent(k[0])
			return ok && len(v) == dimensions
		}},
		{name: "map and sync.RWMutex", get: func(k []string) bool {
			mu.RLock()
			defer mu.RUnlock()
			return len(table[k[0]]) == dimensions
		}},
	}
	for _, name := range []string{nameLayer, nameNoHook, nameHook} {
		store, err := cache.New(cache.Options{})
		if err != nil {
			return nil, err
		}
		e, ctx := cached(name, store, newInstant(want)), context.Background()
		if _, err := e.Embed(ctx, embedding.Request{Texts: keys}); err != nil {
			return nil, err
		}
		all = append(all, hit{name: name, module: "github.com/vecspace/embedding", ours: true, close: store.Close, get: func(k []string) bool {
			res, err := e.Embed(ctx, embedding.Request{Texts: k})
			return err == nil && res.Usage.Reused == len(k) && len(res.Vectors[0]) == dimensions
		}})
	}
	return all, nil
}

func cached(name string, store *cache.Cache, e embedding.Embedder) embedding.Embedder {
	switch name {
	case nameLayer:
		return embedding.Chain(e, store.Wrap)
	case nameNoHook:
		return recommended(e, store, nil)
	}
	return recommended(e, store, heard)
}

// time returns the mean time of a hit: wall time in nanoseconds over the hits of all goroutines.
func (h hit) time(keys []string, goroutines int, d time.Duration) (sample, error) {
	const block = 512 // hits between two readings of the clock
	var wg sync.WaitGroup
	done := make([]int, goroutines)
	missed := make([]bool, goroutines)
	m := start()
	end := m.at.Add(d)
	for g := range goroutines {
		wg.Go(func() {
			n := 0
			for i := g * 7; ; i++ {
				k := i % len(keys)
				if !h.get(keys[k : k+1]) {
					missed[g] = true
				}
				if n++; n%block == 0 && !time.Now().Before(end) {
					break
				}
			}
			done[g] = n
		})
	}
	wg.Wait()
	total := 0
	for g, n := range done {
		total += n
		if missed[g] {
			return sample{}, errors.New(h.name + ": " + errHitMissing)
		}
	}
	return m.stop(total), nil
}

// objects returns the number of objects that a hit of one text and a call of 64 hits allocate. Only
// ours has the second.
func (h hit) objects(keys []string) (one, many float64) {
	one = testing.AllocsPerRun(1000, func() { h.get(keys[:1]) })
	if h.ours {
		many = testing.AllocsPerRun(200, func() { h.get(keys[:allHits]) })
	}
	return one, many
}
