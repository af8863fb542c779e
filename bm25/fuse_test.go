package bm25

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestFuse(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		meaning, words []Hit
		weight         float64
		want           []Hit
	}{
		"both parts": {
			meaning: []Hit{{"a", .9}, {"b", .8}, {"c", .5}}, words: []Hit{{"b", 8}, {"c", 4}}, weight: 2,
			want: []Hit{{"b", .75 + 2}, {"c", 0 + 1}, {"a", 1}},
		},
		"in any order":              {meaning: []Hit{{"c", -.5}, {"a", .5}, {"b", 0}}, weight: 1, want: []Hit{{"a", 1}, {"b", .5}, {"c", 0}}},
		"missing in one part":       {meaning: []Hit{{"a", .9}, {"b", .1}}, words: []Hit{{"z", 3}}, weight: .5, want: []Hit{{"a", 1}, {"z", .5}, {"b", 0}}},
		"ties by ID":                {meaning: []Hit{{"a", .9}, {"c", .9}, {"b", .9}}, weight: 1, want: []Hit{{"c", 1}, {"b", 1}, {"a", 1}}},
		"all equal":                 {meaning: []Hit{{"a", .2}, {"b", .2}}, words: []Hit{{"a", 2}, {"b", 2}}, weight: 1.5, want: []Hit{{"b", 2.5}, {"a", 2.5}}},
		"a single candidate":        {meaning: []Hit{{"a", -.9}}, words: []Hit{{"a", 1e-9}}, weight: 1, want: []Hit{{"a", 2}}},
		"no document by words":      {meaning: []Hit{{"a", .4}, {"b", .3}, {"c", .2}}, weight: 3, want: []Hit{{"a", 1}, {"b", .5}, {"c", 0}}},
		"no document by meaning":    {words: []Hit{{"a", 4}, {"b", 2}}, weight: 3, want: []Hit{{"a", 3}, {"b", 1.5}}},
		"nothing":                   {weight: 1, want: []Hit{}},
		"a weight of 0":             {meaning: []Hit{{"a", .4}, {"b", .2}}, words: []Hit{{"b", 9}, {"c", 5}}, want: []Hit{{"a", 1}, {"c", 0}, {"b", 0}}},
		"NaN and infinity":          {meaning: []Hit{{"a", nan}, {"b", .2}, {"c", inf}, {"d", -inf}, {"e", .1}}, words: []Hit{{"a", 1}, {"b", nan}, {"c", inf}}, weight: 3, want: []Hit{{"a", 3}, {"b", 1}, {"e", 0}}},
		"words of 0 and below":      {meaning: []Hit{{"a", .4}}, words: []Hit{{"a", -1}, {"b", 0}}, weight: 1, want: []Hit{{"a", 1}}},
		"a document more than once": {meaning: []Hit{{"a", .1}, {"a", .5}, {"b", .3}}, words: []Hit{{"b", 1}, {"b", 4}}, weight: 1, want: []Hit{{"b", 1.5}, {"a", 1}}},
		"scores that overflow":      {meaning: []Hit{{"a", math.MaxFloat64}, {"b", 0}, {"c", -math.MaxFloat64}}, words: []Hit{{"a", math.MaxFloat64}}, weight: 1, want: []Hit{{"a", 2}, {"b", .5}, {"c", 0}}},
	} {
		got := Fuse(c.meaning, c.words, c.weight)
		near := func(a, b Hit) bool { return a.ID == b.ID && math.Abs(a.Score-b.Score) < 1e-12 }
		if !slices.EqualFunc(got, c.want, near) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	for _, weight := range []float64{-1, nan, inf, -inf} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a weight of %v: got a ranking, want a panic", weight)
				}
			}()
			Fuse(nil, nil, weight)
		}()
	}
}

// ranking returns hits of random documents of 30, with scores of which some are equal.
func ranking(random *rand.Rand) (out []Hit) {
	for _, id := range random.Perm(30)[:random.IntN(30)] {
		out = append(out, Hit{strconv.Itoa(id), float64(1 + random.IntN(20))})
	}
	return out
}

// Fuse keeps to its laws whatever the rankings are.
func TestFuseLaws(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	shuffled := func(hits []Hit) []Hit {
		out := slices.Clone(hits)
		random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		return out
	}
	for range 2000 {
		meaning, words := ranking(random), ranking(random)
		weight := 3 * random.Float64()
		before := slices.Concat(meaning, words)
		got := Fuse(meaning, words, weight)
		lawful(t, meaning, words, weight, got)
		if !slices.Equal(slices.Concat(meaning, words), before) {
			t.Fatal("an argument was edited")
		}
		if again := Fuse(shuffled(meaning), shuffled(words), weight); !slices.Equal(again, got) {
			t.Fatalf("the order of the hits matters: got %v, then %v", got, again)
		}
		// A unit of its own changes neither part: cosines may be moved and stretched, words stretched.
		moved := slices.Clone(meaning)
		for i := range moved {
			moved[i].Score = 4*moved[i].Score - 64
		}
		doubled := slices.Clone(words)
		for i := range doubled {
			doubled[i].Score *= 2
		}
		if again := Fuse(moved, doubled, weight); !slices.Equal(again, got) {
			t.Fatalf("the unit of the scores matters: got %v, then %v", got, again)
		}
		// Alone, each part keeps its order.
		for name, alone := range map[string][2][]Hit{"meaning": {meaning, Fuse(meaning, nil, weight)}, "words": {words, Fuse(nil, words, 1)}} {
			slices.SortFunc(alone[0], order)
			for i, h := range alone[1] {
				expect.Equal(t, name+" alone, rank "+strconv.Itoa(i), h.ID, alone[0][i].ID)
			}
		}
		// A better score in one part never lowers a document.
		if len(words) > 1 {
			i := random.IntN(len(words))
			id := words[i].ID
			rank := func(hits []Hit) int { return slices.IndexFunc(hits, func(h Hit) bool { return h.ID == id }) }
			better := slices.Clone(words)
			better[i].Score += 5
			if after := Fuse(meaning, better, weight); rank(after) > rank(got) {
				t.Fatalf("document %s fell from rank %d to %d with a better score", id, rank(got), rank(after))
			}
		}
	}
}

// lawful checks what holds for every ranking of Fuse.
func lawful(t *testing.T, meaning, words []Hit, weight float64, got []Hit) {
	t.Helper()
	if !slices.IsSortedFunc(got, order) {
		t.Fatalf("got %v, which is not in order", got)
	}
	want := map[string]bool{}
	for _, h := range meaning {
		if finite(h.Score) {
			want[h.ID] = true
		}
	}
	for _, h := range words {
		if finite(h.Score) && h.Score > 0 {
			want[h.ID] = true
		}
	}
	seen := map[string]bool{}
	for _, h := range got {
		if !want[h.ID] || seen[h.ID] {
			t.Fatalf("document %q is no candidate, or is ranked twice: %v", h.ID, got)
		}
		if seen[h.ID] = true; !(h.Score >= 0 && h.Score <= 1+weight) {
			t.Fatalf("document %q has the score %v, want 0 to %v", h.ID, h.Score, 1+weight)
		}
	}
	expect.Equal(t, "candidates", len(got), len(want))
}

func FuzzFuse(f *testing.F) {
	f.Add(.9, .8, .8, 3., 2., 1.5)
	f.Add(math.NaN(), math.Inf(1), math.Inf(-1), math.NaN(), -1., 0.)
	f.Add(math.MaxFloat64, -math.MaxFloat64, 0., math.MaxFloat64, math.SmallestNonzeroFloat64, 1.)
	f.Add(math.SmallestNonzeroFloat64, 0., 0., math.SmallestNonzeroFloat64, math.MaxFloat64, 1e300)
	f.Fuzz(func(t *testing.T, a, b, c, d, e, weight float64) {
		if !(weight >= 0 && weight <= 1e300) {
			return
		}
		meaning := []Hit{{"a", a}, {"b", b}, {"c", c}}
		words := []Hit{{"b", d}, {"c", e}, {"d", d}, {"a", b}}
		lawful(t, meaning, words, weight, Fuse(meaning, words, weight))
	})
}

func BenchmarkFuse(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	var parts [2][]Hit
	for i := range parts {
		for _, id := range random.Perm(10_000)[:5000] {
			parts[i] = append(parts[i], Hit{strconv.Itoa(id), random.Float64()})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		Fuse(parts[0], parts[1], Weight)
	}
}
