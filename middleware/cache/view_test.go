package cache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
)

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

// TestBurstOfManyAtOnce: so many goroutines store at the same time that ristretto's buffer
// overflows on any machine: its worker gets a ninth of the processors.
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

// TestPartialHitsOfAWrappedAnswer: a layer that adds words to a PartialError costs none of the rows
// behind a hit, and they are kept.
func TestPartialHitsOfAWrappedAnswer(t *testing.T) {
	p := newProvider(model("s"))
	p.fails = func(text string) error {
		if text == "bad" {
			return &embedding.Error{Kind: embedding.Rejected}
		}
		return nil
	}
	e := embedding.Chain(p, open(t, Options{}).Wrap, func(next embedding.Embedder) embedding.Embedder {
		return embedding.Wrap(next, next.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			res, err := next.Embed(ctx, req)
			if err != nil {
				err = errors.Join(errors.New("tenant 7"), fmt.Errorf("tenant 7: %w", err))
			}
			return res, err
		})
	})
	embed(t, e, "hit")
	texts := []string{"new", "hit", "bad", "other"}
	for range 2 {
		res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
		rows := embedding.Salvage(res, err).Vectors
		partial, ok := errors.AsType[*embedding.PartialError](err)
		if !ok || len(partial.Failed) != 1 || len(rows) != len(texts) {
			t.Fatalf("got %d rows and %v, want all but the text that is bad", len(rows), err)
		}
		for i, text := range texts {
			if text != "bad" && !slices.Equal(rows[i], vector(p.m, 0, text)) {
				t.Errorf("%s: got %v, want its vector", text, rows[i])
			}
			if p.billed[text] > 1 {
				t.Errorf("%s: got billed %d times, want once", text, p.billed[text])
			}
		}
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
	expect.Equal(t, "the usage", res.Usage, embedding.Usage{Requests: 1, Tokens: 2, Reused: 2})
	for text, n := range p.billed {
		expect.Equal(t, text+", times paid for", n, 1)
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
		t.Fatalf("got %v, want Partial", err)
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
		t.Errorf("got %+v, want both vectors reused and unchanged", res)
	}
	one := embed(t, e, "a").Vectors
	if _ = append(one, nil); cap(one) != 1 || cap(one[0]) != 4 {
		t.Error("a caller's append reaches the cache")
	}
}

// A layer outside may replace a row of its answer, to normalize it for example.
func TestAnswersAreTheCallersOwn(t *testing.T) {
	e := embedding.Chain(newProvider(model("s")), open(t, Options{}).Wrap)
	for _, texts := range [][]string{{"a"}, {"b", "c"}, {"c", "d"}} {
		want := slices.Clone(embed(t, e, texts...).Vectors)
		for range 2 {
			got := embed(t, e, texts...).Vectors
			if !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("%v: got %v, want %v: an earlier caller has replaced a row", texts, got, want)
			}
			for i := range got {
				got[i] = []float32{9, 9, 9, 9}
			}
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
	expect.Equal(t, "dimensions", len(embed(t, embedding.Chain(short, c.Wrap), "a").Vectors[0]), 2)
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
	for n, most := range map[int]float64{1: 1, 64: 1} { // the slice of rows
		req := embedding.Request{Texts: texts[:n]}
		if got := testing.AllocsPerRun(200, func() { e.Embed(ctx, req) }); got > most {
			t.Errorf("%d hits: %v allocations, at most %v", n, got, most)
		}
	}
}
