package canary

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

func TestRecordCosts(t *testing.T) {
	for name, c := range map[string]struct {
		model embedding.Model
		o     Options
		calls int
		each  int // how often a text is asked for
	}{
		"two tasks":      {calls: 4, each: 4},
		"symmetric":      {model: embedding.Model{Symmetric: true}, calls: 2, each: 2},
		"3 asks":         {model: embedding.Model{Symmetric: true}, o: Options{Asks: 3}, calls: 3, each: 3},
		"limit of 4":     {model: embedding.Model{Symmetric: true, Limits: embedding.Limits{Texts: 4}}, calls: 6, each: 2},
		"absurd options": {model: embedding.Model{Symmetric: true}, o: Options{Asks: -1, Tolerance: math.NaN()}, calls: 2, each: 2},
	} {
		f := embedtest.NewFake(embedtest.FakeOptions{Model: c.model})
		ref := record(t, embedding.Chain(f), c.o)
		expect.Equal(t, name+": requests", len(f.Calls()), c.calls)
		for _, text := range ref.Texts {
			expect.Equal(t, name+": times that a text was billed", f.Billed(text), c.each)
		}
		if ref.Tolerance != defaultTolerance || !ref.Normalized || ref.Space != f.Model().Space {
			t.Errorf("%s: got %+v, want the default tolerance, normalized, the fake's Space", name, ref)
		}
		before := len(f.Calls())
		if err := Check(t.Context(), f, ref); err != nil {
			t.Errorf("%s: got the error %v, want none", name, err)
		}
		expect.Equal(t, name+": requests of a check", len(f.Calls())-before, c.calls/max(2, c.o.Asks))
	}
}

func TestRecordTexts(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	ref := record(t, f, Options{Texts: []string{"mine", Texts()[4], "mine", "yours"}})
	expect.Equal(t, "the texts", ref.Texts, append(Texts(), "mine", "yours"))
	if _, err := Record(t.Context(), f, Options{Texts: []string{" "}}); embedding.KindOf(err) != embedding.Partial || !strings.Contains(err.Error(), "text 11 is blank") {
		t.Errorf("a blank text: %v", err)
	}
	seen := map[string]bool{}
	for _, text := range Texts()[:10] {
		if seen[text] || embedding.EstimateTokens(text) > 128 {
			t.Errorf("%q is there twice, or too long for small models", text)
		}
		seen[text] = true
	}
}

// noisy turns every second answer's vectors by an angle.
func noisy(angle float64) *server {
	s := newServer(embedtest.FakeOptions{Model: embedding.Model{Symmetric: true}})
	n := 0
	s.edit = func(_ embedding.Request, res *embedding.Response) {
		if n++; n%2 == 1 {
			return
		}
		for _, v := range res.Vectors {
			a, b := float64(v[0]), float64(v[1])
			v[0] = float32(a*math.Cos(angle) - b*math.Sin(angle))
			v[1] = float32(a*math.Sin(angle) + b*math.Cos(angle))
		}
	}
	return s
}

func TestRecordMeasuresNoise(t *testing.T) {
	s := noisy(0.1)
	ref := record(t, s, Options{})
	// The turn moves what a vector has in the first two dimensions, at most all of it: 1 - cos(0.1) =
	// 0.005.
	if ref.Noise < 0.001 || ref.Noise > 0.005 || ref.Tolerance != noiseFactor*ref.Noise {
		t.Errorf("noise %v, tolerance %v", ref.Noise, ref.Tolerance)
	}
	for range 4 {
		expect.NoError(t, Check(t.Context(), s, ref))
	}
	quiet := ref
	quiet.Tolerance = defaultTolerance
	_ = Check(t.Context(), s, quiet)
	if d := drift(t, Check(t.Context(), s, quiet)); d.Moved == 0 {
		t.Error("the noise would not have been noticed with the usual tolerance: this test shows nothing")
	}
	expect.Equal(t, "the tolerance asked for", record(t, noisy(0.1), Options{Tolerance: 0.3}).Tolerance, 0.3)
}

func TestRecordRefuses(t *testing.T) {
	zero := newServer(embedtest.FakeOptions{})
	zero.edit = func(_ embedding.Request, res *embedding.Response) { clear(res.Vectors[1]) }
	growing := newServer(embedtest.FakeOptions{Model: embedding.Model{Symmetric: true}})
	growing.edit = each(func(_ int, _ string, v []float32) []float32 {
		return append(v, make([]float32, len(growing.Calls()))...)
	})
	long := newServer(embedtest.FakeOptions{})
	long.edit = each(func(_ int, _ string, v []float32) []float32 { return append(v, 1) })
	for name, c := range map[string]struct {
		e    embedding.Embedder
		says string
	}{
		"nil":               {nil, "is nil"},
		"two models":        {noisy(2), "more than one model"},
		"two dimensions":    {growing, "dimensions law"},
		"a zero vector":     {zero, "is zero"},
		"a cache":           {reusing(embedtest.NewFake(embedtest.FakeOptions{})), "inside the cache"},
		"says 8, answers 9": {long, "9 dimensions and the model says 8"},
	} {
		_, err := Record(t.Context(), c.e, Options{})
		expect.Says(t, name, err, c.says)
	}
}

// Others may share the rows, and a reference must not change when they edit them.
func TestRecordOwnsItsVectors(t *testing.T) {
	s := newServer(embedtest.FakeOptions{})
	var shared [][]float32
	s.edit = func(_ embedding.Request, res *embedding.Response) { shared = append(shared, res.Vectors...) }
	ref := record(t, s, Options{})
	for _, v := range shared {
		clear(v)
	}
	s.edit = nil
	expect.NoError(t, Check(t.Context(), s, ref))
}

// window reads the first words of a text only, or refuses a longer one with an error.
func window(words int, m embedding.Model, refusal error) embedding.Embedder {
	return cutting(words, embedding.Chain(embedtest.NewFake(embedtest.FakeOptions{Model: m})), refusal)
}

func cutting(words int, f embedding.Embedder, refusal error) embedding.Embedder {
	return embedding.Wrap(f, f.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		req.Texts = slices.Clone(req.Texts)
		for i, text := range req.Texts {
			w := strings.Fields(text)
			if len(w) > words && refusal != nil {
				return embedding.Response{}, refusal
			}
			req.Texts[i] = strings.Join(w[:min(len(w), words)], " ")
		}
		return f.Embed(ctx, req)
	})
}

func TestWindowShrinks(t *testing.T) {
	for _, c := range []struct{ before, now int }{{8192, 2048}, {8192, 512}, {8192, 32}, {2048, 2000}, {512, 256}} {
		ref := record(t, window(c.before, embedding.Model{}, nil), Options{})
		expect.NoError(t, Check(t.Context(), window(c.before, embedding.Model{}, nil), ref))
		d := drift(t, Check(t.Context(), window(c.now, embedding.Model{}, nil), ref))
		if d.Change != VectorsChanged || d.WorstText != len(builtin) || !strings.Contains(d.Error(), "a smaller context window") {
			t.Errorf("%d words, now %d: got %v", c.before, c.now, d)
		}
	}
}

func TestWindowOfTheStaticModelShrinks(t *testing.T) {
	e, err := static.New(static.Options{Dimensions: 256})
	expect.NoError(t, err)
	ref := record(t, e, Options{})
	for _, words := range []int{1024, 512, 64} {
		if d := drift(t, Check(t.Context(), cutting(words, e, nil), ref)); d.Moved != 1 || d.WorstCosine > 1-10*ref.Tolerance {
			t.Errorf("now %d words: got %v, want one vector that moved far", words, d)
		}
	}
}

func TestLongTextFits(t *testing.T) {
	limited := func(l embedding.Limits) embedding.Model { return embedding.Model{Limits: l} }
	for name, c := range map[string]struct {
		e           embedding.Embedder
		least, most int // words of the long text
	}{
		"no limit":                {window(9000, embedding.Model{}, nil), 2200, 3000},
		"a known limit":           {window(9000, limited(embedding.Limits{TextTokens: 512}), nil), 150, 512},
		"of a request":            {window(9000, limited(embedding.Limits{Tokens: 2048}), nil), 300, 1024},
		"of bytes":                {window(9000, limited(embedding.Limits{Bytes: 8000}), nil), 300, 1600},
		"small":                   {window(9000, limited(embedding.Limits{TextTokens: 100}), nil), 15, 70},
		"a limit that is unknown": {window(512, embedding.Model{}, &embedding.Error{Kind: embedding.Rejected}), 250, 512},
		"in other words":          {window(512, embedding.Model{}, &embedding.Error{Kind: embedding.Invalid}), 250, 512},
		"4 texts in a request":    {window(512, limited(embedding.Limits{Texts: 4}), &embedding.Error{Kind: embedding.TooLarge}), 250, 512},
		"a tiny one":              {window(30, embedding.Model{}, &embedding.Error{Kind: embedding.Rejected}), 15, 30},
	} {
		ref := record(t, c.e, Options{Texts: []string{"mine"}})
		words := 0
		if len(ref.Texts) > len(builtin)+1 {
			words = len(strings.Fields(ref.Texts[len(builtin)]))
		}
		if words < c.least || words > c.most {
			t.Errorf("%s: the long text has %d words, want %d to %d", name, words, c.least, c.most)
		}
		expect.Equal(t, name+": the last text", ref.Texts[len(ref.Texts)-1], "mine")
		expect.NoError(t, Check(t.Context(), c.e, ref))
	}
}

// A text of the caller's that is refused is no reason to record less.
func TestRecordRefusesTheCallersText(t *testing.T) {
	e := window(9000, embedding.Model{}, nil)
	if _, err := Record(t.Context(), e, Options{Texts: []string{" "}}); embedding.KindOf(err) != embedding.Partial {
		t.Errorf("got the error %v, want a partial failure", err)
	}
}

func TestLongTextIsLeftOut(t *testing.T) {
	expect.Equal(t, "the text for 10 tokens", long(10), "")
	f := embedding.Chain(embedtest.NewFake(embedtest.FakeOptions{}))
	e := embedding.Wrap(f, f.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		for _, text := range req.Texts {
			if strings.Contains(text, "harbor") {
				return embedding.Response{}, &embedding.Error{Kind: embedding.Rejected}
			}
		}
		return f.Embed(ctx, req)
	})
	expect.Equal(t, "texts", len(record(t, e, Options{}).Texts), len(builtin))
}
