package guarded

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
)

// same compares bits, or to the last but one where the store has normalised a vector that was of length 1 already.
func same(got, want []float32, normalised bool) bool {
	if !normalised || len(got) != len(want) {
		return slices.Equal(got, want)
	}
	for i := range got {
		if math.Abs(float64(got[i]-want[i])) > 1e-7 {
			return false
		}
	}
	return true
}

// search compares searches with what a loop over all documents finds.
func (b *Bench) search(t *testing.T, s *store.Store, e *embedtest.Fake, docs []schema.Document) {
	t.Helper()
	hits, wanted := 0, 0
	for _, query := range []string{"Wann fährt die Fähre?", "图书馆什么时候开门?", "quote ' \" \\ 🧾"} {
		q := e.Vector(embedding.TaskQuery, query)
		cosine := map[string]float32{}
		for _, d := range docs {
			cosine[d.PageContent] = embedding.Cosine(q, e.Vector(embedding.TaskDocument, d.PageContent))
		}
		best := func(lang string, over float32) []string {
			var out []string
			for _, d := range docs {
				if (lang == "" || d.Metadata["lang"] == lang) && cosine[d.PageContent] >= over {
					out = append(out, d.PageContent)
				}
			}
			slices.SortFunc(out, func(a, b string) int { return cmp.Compare(cosine[b], cosine[a]) })
			return out[:min(10, len(out))]
		}
		tenth := cosine[best("", -1)[4]] // so that five are over the threshold
		for _, c := range []struct {
			want []string
			opts []vectorstores.Option
		}{
			{best("", -1), nil},
			{best("zh", -1), []vectorstores.Option{vectorstores.WithFilters(b.Filter("lang", "zh"))}},
			{best("", tenth-1e-6), []vectorstores.Option{vectorstores.WithScoreThreshold(tenth - 1e-6)}},
		} {
			found, err := s.SimilaritySearch(t.Context(), query, 10, c.opts...)
			if err != nil {
				t.Fatal(err)
			}
			if b.NoNegative && b.Options.Score == store.OneMinusL2 {
				c.want = slices.DeleteFunc(slices.Clone(c.want), func(text string) bool { return cosine[text] < .5 }) // langchaingo drops them
			}
			wanted += len(c.want)
			for i, d := range found {
				if slices.Contains(c.want, d.PageContent) {
					hits++
				}
				want, ok := cosine[d.PageContent]
				if !ok || math.Abs(float64(d.Score-want)) > 1e-4 {
					t.Errorf("%q has the score %v, want %v", d.PageContent, d.Score, want)
				}
				if i > 0 && d.Score > found[i-1].Score {
					t.Errorf("result %d is nearer than the one before", i)
				}
				if _, ok := d.Metadata[store.Key]; ok {
					t.Error("the stamp is in the results")
				}
				if fmt.Sprint(d.Metadata["lang"]) == "" || d.Metadata["n"] == nil {
					t.Errorf("the metadata is %v", d.Metadata)
				}
			}
			if !b.Approximate && len(found) != len(c.want) {
				t.Errorf("%d documents, want %d", len(found), len(c.want))
			}
		}
	}
	t.Logf("%d of %d near documents were found", hits, wanted)
	if least := wanted / 2; !b.Approximate && hits != wanted || hits < least { // Chroma's index, as it is set by default, finds about seven in ten of such random vectors
		t.Errorf("%d of %d near documents were found", hits, wanted)
	}
}
