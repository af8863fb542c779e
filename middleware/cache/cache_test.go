package cache

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// provider embeds deterministically and counts what it is paid for.
type provider struct {
	m      embedding.Model
	mu     sync.Mutex
	billed map[string]int
	fails  func(text string) error
}

func newProvider(m embedding.Model) *provider {
	return &provider{m: m, billed: map[string]int{}}
}

func model(space string) embedding.Model {
	return embedding.Model{Provider: "p", ID: "m", Space: embedding.Space(space), Dimensions: 4}
}

func (p *provider) Model() embedding.Model { return p.m }
func (p *provider) Embed(_ context.Context, req embedding.Request) (embedding.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := embedding.NewMerger(req.Len())
	slab := make([]float32, 0, 4*req.Len())
	for i, text := range req.Texts {
		if p.fails != nil {
			if err := p.fails(text); err != nil {
				m.Add([]int{i}, embedding.Response{}, err)
				continue
			}
		}
		p.billed[text]++
		slab = append(slab, vector(p.m, req.Task, text)...)
		m.Set(i, embedding.Row{Vector: slab[len(slab)-4 : len(slab) : len(slab)]})
	}
	m.Use(embedding.Usage{Requests: 1, Tokens: req.Len()})
	return m.Result()
}

func vector(m embedding.Model, task embedding.Task, text string) []float32 {
	if m.Symmetric {
		task = 0
	}
	rng := rand.New(rand.NewPCG(uint64(len(text))<<8|uint64(task), uint64(len(m.Variant))))
	v := []float32{0, 0, 0, 1}
	for _, c := range []byte(text) {
		v[rng.IntN(3)] += float32(c)
	}
	return v
}

func open(t testing.TB, o Options) *Cache {
	c, err := New(o)
	expect.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func embed(t testing.TB, e embedding.Embedder, texts ...string) embedding.Response {
	t.Helper()
	res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	expect.NoError(t, err)
	return res
}

func TestReadYourOwnWrites(t *testing.T) {
	p := newProvider(model("s"))
	e := embedding.Chain(p, open(t, Options{}).Wrap)
	for i := range 2000 {
		text := fmt.Sprint("text ", i)
		first := embed(t, e, text)
		again := embed(t, e, text)
		if again.Usage != (embedding.Usage{Reused: 1}) || !slices.Equal(first.Vectors[0], again.Vectors[0]) {
			t.Fatalf("%s: %+v after %+v", text, again, first)
		}
	}
}

// Ristretto alone loses a third of such a burst.
func TestBurstIsStoredCompletely(t *testing.T) {
	const n = 100_000
	p := newProvider(model("s"))
	c := open(t, Options{MaxBytes: n * (16 + overhead) * 2})
	e := embedding.Chain(p, c.Wrap)
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprint(i)
	}
	var wg sync.WaitGroup
	for part := range slices.Chunk(texts, n/4) { // bursts of several goroutines at once
		wg.Go(func() { embed(t, e, part...) })
	}
	wg.Wait()
	res := embed(t, e, texts...)
	if res.Usage.Reused != n || c.Stats().Stored != n || c.Stats().Rejected != 0 {
		t.Fatalf("%d of %d are there; %+v", res.Usage.Reused, n, c.Stats())
	}
	for i, text := range texts {
		if !slices.Equal(res.Vectors[i], vector(p.m, 0, text)) {
			t.Fatalf("text %d got another text's vector", i)
		}
	}
}

// TestBurstOfManyAtOnce: so many goroutines store at the same time that ristretto's buffer overflows on any machine: its worker gets
// a ninth of the processors.
func TestBurstOfManyAtOnce(t *testing.T) {
	const goroutines, each = 8, 20_000
	c := open(t, Options{MaxBytes: goroutines * each * (4 + overhead) * 2})
	start := make(chan struct{})
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			<-start
			c.keep(0, 0, func(yield func(key, []float32) bool) {
				row := []float32{1}
				for i := range each {
					if !yield(key{uint64(g*each+i) * 0x9e3779b97f4a7c15, uint64(i)}, row) {
						return
					}
				}
			})
		})
	}
	close(start)
	wg.Wait()
	for n := range goroutines * each {
		if c.lookup(key{uint64(n) * 0x9e3779b97f4a7c15, uint64(n % each)}, 1) == nil {
			t.Fatalf("vector %d of %d is not there", n, goroutines*each)
		}
	}
}

// Two texts whose keys share the half that ristretto compares replace each other and are never mixed up.
func TestHalfACollisionIsAMiss(t *testing.T) {
	c := open(t, Options{})
	put := func(k key, v float32) {
		c.keep(0, 0, maps.All(map[key][]float32{k: {v}}))
	}
	a, b := key{1, 2}, key{1, 3}
	put(a, 10)
	if c.lookup(a, 1) == nil || c.lookup(b, 1) != nil {
		t.Error("b was answered with a's vector")
	}
	put(b, 20)
	if e := c.lookup(b, 1); e == nil || e.one[0][0] != 20 || c.lookup(a, 1) != nil {
		t.Error("a was answered with b's vector")
	}
}

func TestKeyHoldsWhatDecidesTheVector(t *testing.T) {
	base := model("s")
	variant, other, symmetric := base, base, base
	variant.Variant = "query: "
	other.Space = "t"
	symmetric.Space, symmetric.Symmetric = "u", true
	unknown := base
	unknown.Space = ""
	unknown.ID = "" // so that no Space follows
	for _, c := range []struct {
		name   string
		a, b   embedding.Model
		tb     embedding.Task
		shared bool
	}{
		{name: "same", a: base, b: base, tb: 0, shared: true},
		{name: "task", a: base, b: base, tb: embedding.TaskQuery, shared: false},
		{name: "variant", a: base, b: variant, tb: 0, shared: false},
		{name: "space", a: base, b: other, tb: 0, shared: false},
		{name: "symmetric", a: symmetric, b: symmetric, tb: embedding.TaskQuery, shared: true},
		{name: "unknown space", a: unknown, b: unknown, tb: 0, shared: false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache := open(t, Options{})
			a := embedding.Chain(newProvider(c.a), cache.Wrap)
			b := embedding.Chain(newProvider(c.b), cache.Wrap)
			embed(t, a, "text")
			res, err := b.Embed(t.Context(), embedding.Request{Texts: []string{"text"}, Task: c.tb})
			if err != nil || (res.Usage.Reused == 1) != c.shared {
				t.Errorf("%+v %v", res.Usage, err)
			}
			if again := embed(t, a, "text"); again.Usage.Reused != 1 {
				t.Error("a chain does not find its own")
			}
		})
	}
}

func TestPartialHitsAgainstPlainLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newProvider(model("s"))
		broken := errors.New("broken")
		p.fails = func(text string) error {
			if strings.HasPrefix(text, "x") {
				return broken
			}
			return nil
		}
		c, _ := New(Options{MaxBytes: 1 << 20})
		defer c.Close()
		e := embedding.Chain(p, c.Wrap)
		var usage embedding.Usage
		asked := map[string]bool{}
		good := 0
		for range rapid.IntRange(1, 6).Draw(t, "calls") {
			texts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "x1", "x2", "ff"}), 1, 8).Draw(t, "texts")
			res, err := e.Embed(context.Background(), embedding.Request{Texts: texts})
			res = embedding.Salvage(res, err)
			usage = usage.Add(res.Usage)
			bad := 0
			for i, text := range texts {
				want := vector(p.m, 0, text)
				if p.fails(text) != nil {
					want = nil
					bad++
				} else {
					asked[text] = true
					good++
				}
				if len(res.Vectors) > 0 && !slices.Equal(res.Vectors[i], want) {
					t.Fatalf("text %d %q: %v, want %v", i, text, res.Vectors[i], want)
				}
			}
			if (bad > 0) != (err != nil) || bad < len(texts) && len(res.Vectors) != len(texts) {
				t.Fatalf("%d bad of %d: %v, %d rows", bad, len(texts), err, len(res.Vectors))
			}
		}
		paid := 0
		for text := range asked {
			paid += p.billed[text]
		}
		if usage.Reused+paid != good {
			t.Fatalf("%d reused and %d paid, of %d answered", usage.Reused, paid, good)
		}
	})
}

func TestEachTextIsPaidOnce(t *testing.T) {
	p := newProvider(model("s"))
	e := embedding.Chain(p, open(t, Options{}).Wrap)
	embed(t, e, "a", "b")
	res := embed(t, e, "c", "a", "d", "b")
	if res.Usage != (embedding.Usage{Requests: 1, Tokens: 2, Reused: 2}) {
		t.Errorf("%+v", res.Usage)
	}
	for text, n := range p.billed {
		if n != 1 {
			t.Errorf("%s was paid for %d times", text, n)
		}
	}
}

func TestFailuresAreNotStored(t *testing.T) {
	p := newProvider(model("s"))
	down := true
	p.fails = func(text string) error {
		if down && text != "good" {
			return embedding.Unavailable
		}
		return nil
	}
	e := embedding.Chain(p, open(t, Options{}).Wrap)
	_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"good", "bad"}})
	if embedding.KindOf(err) != embedding.Partial {
		t.Fatal(err)
	}
	down = false
	if res := embed(t, e, "good", "bad"); res.Usage.Reused != 1 || p.billed["good"] != 1 {
		t.Errorf("%+v %v", res.Usage, p.billed)
	}
}

func TestRowsAreOwned(t *testing.T) {
	slab := []float32{1, 2, 3, 4, 5, 6, 7, 8}
	p := embedding.Wrap(nil, model("s"), func(context.Context, embedding.Request) (embedding.Response, error) {
		return embedding.Response{Vectors: [][]float32{slab[:4:4], slab[4:8:8]}}, nil
	})
	e := embedding.Chain(p, open(t, Options{}).Wrap)
	embed(t, e, "a", "b")
	slab[0] = 99
	if res := embed(t, e, "a", "b"); res.Vectors[0][0] != 1 || res.Usage.Reused != 2 {
		t.Errorf("%+v", res)
	}
	one := embed(t, e, "a").Vectors
	if _ = append(one, nil); cap(one) != 1 || cap(one[0]) != 4 {
		t.Error("a caller's append reaches the cache")
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{MaxBytes: -1}, {MaxBytes: 100}, {TTL: -1}} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "must") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestWrongDimensionsAreAMiss(t *testing.T) {
	c := open(t, Options{})
	e := embedding.Chain(newProvider(model("s")), c.Wrap)
	embed(t, e, "a")
	m := model("s") // the user asserts one Space for two lengths
	m.Dimensions = 2
	short := embedding.Wrap(nil, m, func(context.Context, embedding.Request) (embedding.Response, error) {
		return embedding.Response{Vectors: [][]float32{{1, 2}}}, nil
	})
	if res := embed(t, embedding.Chain(short, c.Wrap), "a"); len(res.Vectors[0]) != 2 {
		t.Error(res)
	}
}
