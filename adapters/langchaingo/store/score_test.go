package store_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/internal/expect"
)

// formulas is what stores make of a cosine of unit vectors.
var formulas = map[store.Score]func(c float64) float64{
	store.Cosine:     func(c float64) float64 { return c },
	store.Distance:   func(c float64) float64 { return 1 - c },
	store.Certainty:  func(c float64) float64 { return (1 + c) / 2 },
	store.OneMinusL2: func(c float64) float64 { return 1 - (2 - 2*c) },
	store.L2:         func(c float64) float64 { return 2 - 2*c },
	store.Dot:        func(c float64) float64 { return c },
}

func TestScoresAreCosines(t *testing.T) {
	e := model("m", 8)
	q := e.Vector(embedding.TaskQuery, "q")
	var texts []string
	for i := range 40 {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	for sort, formula := range formulas {
		s := open(t, e, &fake{score: formula}, store.Options{Score: sort})
		add(t, s, texts...)
		for _, threshold := range []float32{0, .3} {
			found, err := s.SimilaritySearch(t.Context(), "q", 40, vectorstores.WithScoreThreshold(threshold))
			if err != nil {
				t.Fatalf("%v: got the error %v, want none", sort, err)
			}
			want := map[string]float32{}
			for _, text := range texts {
				if c := embedding.Cosine(q, e.Vector(0, text)); threshold == 0 || c >= threshold {
					want[text] = c
				}
			}
			if len(want) == 0 || len(found) != len(want) {
				t.Errorf("%v: %d documents over %v, want %d", sort, len(found), threshold, len(want))
			}
			for _, d := range found {
				if !near(d.Score, want[d.PageContent]) {
					t.Errorf("%v: score %v, want %v", sort, d.Score, want[d.PageContent])
				}
			}
		}
	}
}

func TestAWrongSortOfScoresIsMeasured(t *testing.T) {
	for said := range formulas {
		for is, formula := range formulas {
			if same := formulas[said](.8) == formula(.8); same {
				continue
			}
			s := open(t, model("m", 8), &fake{score: formula}, store.Options{Score: said})
			_, err := s.AddDocuments(t.Context(), docs("a", "b"))
			name := is.String()
			if is == store.Dot {
				name = store.Cosine.String()
			}
			expect.Says(t, "the error", err, "2 documents were written", fmt.Sprintf("Options.Score is %v and should be %s", said, name))
			_, err = s.AddDocuments(t.Context(), docs("c"))
			expect.Says(t, "the error", err, "nothing was written", "Options.Score")
			_, err = s.SimilaritySearch(t.Context(), "q", 1)
			expect.Says(t, "the error", err, "Options.Score")
		}
	}
	odd := open(t, model("m", 8), &fake{score: func(c float64) float64 { return 100 * c }}, cosine)
	_, err := odd.AddDocuments(t.Context(), docs("a"))
	expect.Says(t, "the error", err, "should be one that does not exist")
}

// Vectors of one dimension and those along an axis have scores to measure, too.
func TestMeasuringOddVectors(t *testing.T) {
	for _, dimensions := range []int{1, 2, 3} {
		s := open(t, model("m", dimensions), &fake{}, cosine)
		add(t, s, "a")
	}
}

func TestScoreOfNoDirection(t *testing.T) {
	s := open(t, model("m", 8), &fake{}, cosine)
	add(t, s, "a")
	f := s.Unwrap().(*fake)
	f.score = func(float64) float64 { return math.NaN() }
	found, err := s.SimilaritySearch(t.Context(), "q", 1)
	if err != nil || found[0].Score != 0 {
		t.Errorf("got %v and the error %v, want a document with the score 0 and none", found, err)
	}
}

func TestScoreString(t *testing.T) {
	var all []string
	for s := store.Auto; s <= store.Dot+1; s++ {
		all = append(all, s.String())
	}
	expect.Equal(t, "names", strings.Join(all, " "), "Auto Cosine Distance Certainty OneMinusL2 L2 Dot Score(7)")
}
