package cache_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/middleware/cache/storetest"
)

// store is a Store in a map. If fails is set, it decides the outcome of a call before anything is
// done.
type store struct {
	mu         sync.Mutex
	rows       map[cache.Key][]float32
	gets, sets []int // sizes of the calls
	fails      func(ctx context.Context, write bool) error
}

func newStore() *store { return &store{rows: map[cache.Key][]float32{}} }

func (s *store) call(ctx context.Context, write bool) error {
	if s.fails != nil {
		if err := s.fails(ctx, write); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *store) Get(ctx context.Context, keys []cache.Key, rows [][]float32) error {
	err := s.call(ctx, false)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets = append(s.gets, len(keys))
	if err != nil {
		return err
	}
	for i, k := range keys {
		rows[i] = slices.Clone(s.rows[k])
	}
	return nil
}

func (s *store) Set(ctx context.Context, keys []cache.Key, rows [][]float32) error {
	err := s.call(ctx, true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets = append(s.sets, len(keys))
	if err != nil {
		return err
	}
	for i, k := range keys {
		s.rows[k] = slices.Clone(rows[i])
	}
	return nil
}

func (s *store) Purge(_ context.Context, prefix []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.rows, func(k cache.Key, _ []float32) bool { return strings.HasPrefix(string(k[:]), string(prefix)) })
	return nil
}

func (s *store) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rows)
}

func over(t interface {
	expect.T
	Cleanup(func())
}, o cache.Options) *cache.Cache {
	o.MaxBytes = 1 << 20 // a large one takes long to make under the race detector
	c, err := cache.New(o)
	expect.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func embed(t *testing.T, e embedding.Embedder, texts ...string) embedding.Usage {
	t.Helper()
	res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	expect.NoError(t, err)
	return res.Usage
}

func TestStoreContract(t *testing.T) {
	storetest.Test(t, func(*testing.T) cache.Store { return newStore() })
}

func TestMemoryThenStoreThenProvider(t *testing.T) {
	s, f := newStore(), embedtest.NewFake(embedtest.FakeOptions{})
	embed(t, embedding.Chain(f, over(t, cache.Options{Store: s}).Wrap), "a", "b", "c")
	if s.size() != 3 || !slices.Equal(s.sets, []int{3}) {
		t.Fatalf("%d stored by calls of %v", s.size(), s.sets)
	}
	s.gets, s.sets = nil, nil

	c := over(t, cache.Options{Store: s}) // the process starts again
	e := embedding.Chain(f, c.Wrap)
	if u := embed(t, e, "b", "a"); u != (embedding.Usage{Reused: 2}) || !slices.Equal(s.gets, []int{2}) {
		t.Errorf("%+v by calls of %v", u, s.gets)
	}
	// Of five texts memory has two, the Store one, and the provider is asked for two.
	before := f.Ledger().Requests
	if u := embed(t, e, "a", "d", "b", "c", "e"); u.Reused != 3 || f.Ledger().Requests != before+1 {
		t.Errorf("got the usage %+v, want 3 reused and one request", u)
	}
	expect.Equal(t, "texts of the reads", s.gets, []int{2, 3})
	expect.Equal(t, "texts of the writes", s.sets, []int{2})
	if u := embed(t, e, "a", "b", "c", "d", "e"); u != (embedding.Usage{Reused: 5}) || len(s.gets) != 2 {
		t.Errorf("%+v: all are in memory, reads of %v", u, s.gets)
	}
	want := cache.TierStats{Hits: 3, Misses: 2, Stored: 2}
	if got := c.Stats(); got.Tier != want || got.Hits != 7 || got.Misses != 5 {
		t.Errorf("got %+v, want 7 hits, 5 misses and %+v", got, want)
	}
}

func TestUnknownSpaceGoesWithoutTheStore(t *testing.T) {
	s := newStore()
	c := over(t, cache.Options{Store: s})
	e := embedding.Wrap(nil, embedding.Model{ID: "m"}, func(context.Context, embedding.Request) (embedding.Response, error) {
		return embedding.Response{Vectors: [][]float32{{1, 2}}}, nil
	})
	e = embedding.Chain(e, c.Wrap)
	embed(t, e, "a")
	if u := embed(t, e, "a"); u.Reused != 1 || s.size() != 0 || len(s.gets) != 0 || c.Stats().Tier != (cache.TierStats{Unknown: 1}) {
		t.Errorf("an unknown Space: got the usage %+v, %d vectors in the Store and %+v", u, s.size(), c.Stats().Tier)
	}
}

func TestOtherDimensionsAreAMiss(t *testing.T) {
	s := newStore()
	asserted := func(dimensions int) *embedtest.Fake {
		return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Space: "asserted", Dimensions: dimensions}})
	}
	embed(t, embedding.Chain(asserted(8), over(t, cache.Options{Store: s}).Wrap), "a")
	c := over(t, cache.Options{Store: s})
	if u := embed(t, embedding.Chain(asserted(9), c.Wrap), "a"); u.Reused != 0 || c.Stats().Tier.Misses != 1 {
		t.Errorf("%+v %+v", u, c.Stats().Tier)
	}
}

// A Store's vectors are judged as a provider's are: a bad one is a miss, and is replaced.
func TestBadVectorsOfAStoreAreMisses(t *testing.T) {
	for name, bad := range map[string][]float32{
		"NaN": {1, 2, 3, 4, 5, 6, 7, float32(math.NaN())}, "infinite": {float32(math.Inf(1)), 0, 0, 0, 0, 0, 0, 0}, "empty": {}, "short": {1},
	} {
		t.Run(name, func(t *testing.T) {
			s, f := newStore(), embedtest.NewFake(embedtest.FakeOptions{})
			embed(t, embedding.Chain(f, over(t, cache.Options{Store: s}).Wrap), "a")
			for k := range s.rows {
				s.rows[k] = bad
			}
			embed(t, embedding.Chain(f, over(t, cache.Options{Store: s}).Wrap), "b", "c")
			c := over(t, cache.Options{Store: s})
			e := embedding.Chain(f, c.Wrap)
			expect.Equal(t, "texts reused", embed(t, e, "b", "a", "c").Reused, 2)
			expect.Equal(t, "misses of the Store", c.Stats().Tier.Misses, 1)
			expect.Equal(t, "hits of the Store", c.Stats().Tier.Hits, 2)
			v, err := embedding.Documents(t.Context(), e, []string{"a"})
			expect.NoError(t, err)
			expect.Equal(t, "a", v[0], f.Vector(0, "a"))
			expect.Equal(t, "texts reused by another process", embed(t, embedding.Chain(f, over(t, cache.Options{Store: s}).Wrap), "a").Reused, 1)
		})
	}
}

func TestWarmFillsTheStore(t *testing.T) {
	s, f := newStore(), embedtest.NewFake(embedtest.FakeOptions{})
	rows := map[string][]float32{}
	for i := range 1000 {
		rows[fmt.Sprint(i)] = f.Vector(0, fmt.Sprint(i))
	}
	if n, err := over(t, cache.Options{Store: s}).Warm(f.Model(), 0, maps.All(rows)); n != 1000 || err != nil || s.size() != 1000 {
		t.Fatalf("%d, %v, %d stored", n, err, s.size())
	}
	expect.Equal(t, "reused", embed(t, embedding.Chain(f, over(t, cache.Options{Store: s}).Wrap), "7", "999").Reused, 2)
	s.fails = func(context.Context, bool) error { return errors.New("down") }
	c := over(t, cache.Options{Store: s})
	n, err := c.Warm(f.Model(), 0, maps.All(rows))
	if n != 1000 || err == nil || !strings.Contains(err.Error(), "did not take 1000 of 1000 vectors: down") {
		t.Errorf("%d, %v", n, err)
	}
	expect.Equal(t, "reused by a memory that was warmed", embed(t, embedding.Chain(f, c.Wrap), "7").Reused, 1)
}

// With Coalesce inside, the callers of one text write it once.
func TestEachVectorIsWrittenOnce(t *testing.T) {
	s, f := newStore(), embedtest.NewFake(embedtest.FakeOptions{})
	e := embedding.Chain(f, over(t, cache.Options{Store: s}).Wrap, middleware.Standard(middleware.StandardOptions{}))
	const rounds = 100
	for round := range rounds {
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{fmt.Sprint("text ", round)}}); err != nil {
					t.Errorf("got the error %v, want none", err)
				}
			})
		}
		wg.Wait()
	}
	if got := f.Ledger().Requests; got != rounds || len(s.sets) != rounds {
		t.Errorf("%d texts were billed %d times and written %d times", rounds, got, len(s.sets))
	}
}

func TestTierAgainstPlainLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, f := newStore(), embedtest.NewFake(embedtest.FakeOptions{})
		fails := false
		s.fails = func(context.Context, bool) error {
			if fails {
				return errors.New("down")
			}
			return nil
		}
		c := over(t, cache.Options{Store: s})
		e := embedding.Chain(f, c.Wrap)
		var usage embedding.Usage
		asked, tasks := 0, []embedding.Task{embedding.TaskDocument, embedding.TaskQuery}
		all, well := []string{"a", "b", "c", "d", "e", "f"}, true
		for range rapid.IntRange(1, 10).Draw(t, "calls") {
			switch rapid.IntRange(0, 5).Draw(t, "event") {
			case 0: // the process starts again
				c = over(t, cache.Options{Store: s})
				e = embedding.Chain(f, c.Wrap)
			case 1:
				fails = !fails
				well = false
			}
			texts := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, len(all), rapid.ID).Draw(t, "texts")
			task := rapid.SampledFrom(tasks).Draw(t, "task")
			res, err := e.Embed(context.Background(), embedding.Request{Texts: texts, Task: task})
			expect.NoError(t, err)
			for i, text := range texts {
				if !slices.Equal(res.Vectors[i], f.Vector(task, text)) {
					t.Fatalf("text %d %q as %v has another's vector", i, text, task)
				}
			}
			usage = usage.Add(res.Usage)
			asked += len(texts)
		}
		paid := 0
		for _, text := range all {
			paid += f.Billed(text)
			if well && f.Billed(text) > len(tasks) {
				t.Fatalf("%q was paid for %d times, for %d tasks", text, f.Billed(text), len(tasks))
			}
		}
		if usage.Reused+paid != asked {
			t.Fatalf("%d reused and %d paid, of %d asked for", usage.Reused, paid, asked)
		}
	})
}
