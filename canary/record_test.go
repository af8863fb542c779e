package canary

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
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
		if len(f.Calls()) != c.calls {
			t.Errorf("%s: %d requests, want %d", name, len(f.Calls()), c.calls)
		}
		for _, text := range ref.Texts {
			if f.Billed(text) != c.each {
				t.Errorf("%s: a text was billed %d times, want %d", name, f.Billed(text), c.each)
			}
		}
		if ref.Tolerance != defaultTolerance || !ref.Normalized || ref.Space != f.Model().Space {
			t.Errorf("%s: got %+v, want the default tolerance, normalized, the fake's Space", name, ref)
		}
		before := len(f.Calls())
		if err := Check(t.Context(), f, ref); err != nil {
			t.Errorf("%s: got the error %v, want none", name, err)
		}
		if got, want := len(f.Calls())-before, c.calls/max(2, c.o.Asks); got != want {
			t.Errorf("%s: a check sent %d requests, want %d", name, got, want)
		}
	}
}

func TestRecordTexts(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	ref := record(t, f, Options{Texts: []string{"mine", Texts()[4], "mine", "yours"}})
	if want := append(Texts(), "mine", "yours"); !slices.Equal(ref.Texts, want) {
		t.Errorf("got the texts %q, want %q", ref.Texts, want)
	}
	if _, err := Record(t.Context(), f, Options{Texts: []string{" "}}); embedding.KindOf(err) != embedding.Partial || !strings.Contains(err.Error(), "text 10 is blank") {
		t.Errorf("a blank text: %v", err)
	}
	seen := map[string]bool{}
	for _, text := range Texts() {
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
		if err := Check(t.Context(), s, ref); err != nil {
			t.Errorf("the provider's own noise: %v", err)
		}
	}
	quiet := ref
	quiet.Tolerance = defaultTolerance
	_ = Check(t.Context(), s, quiet)
	if d := drift(t, Check(t.Context(), s, quiet)); d.Moved == 0 {
		t.Error("the noise would not have been noticed with the usual tolerance: this test shows nothing")
	}
	if wide := record(t, noisy(0.1), Options{Tolerance: 0.3}); wide.Tolerance != 0.3 {
		t.Errorf("tolerance %v, want the one asked for", wide.Tolerance)
	}
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
		if _, err := Record(t.Context(), c.e, Options{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
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
	if err := Check(t.Context(), s, ref); err != nil {
		t.Errorf("got the error %v, want none", err)
	}
}
