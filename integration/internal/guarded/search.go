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

// same compares bits, or to the last but one where the store has normalised a vector that was of
// length 1 already.
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
		all := nearest(docs, cosine, "", -1)
		fifth := cosine[all[4]] - 1e-6 // five documents are over this threshold
		for _, c := range []struct {
			want []string
			opts []vectorstores.Option
		}{
			{all, nil},
			{nearest(docs, cosine, "zh", -1), []vectorstores.Option{vectorstores.WithFilters(b.Filter("lang", "zh"))}},
			{nearest(docs, cosine, "", fifth), []vectorstores.Option{vectorstores.WithScoreThreshold(fifth)}},
		} {
			if b.NoNegative && b.Options.Score == store.OneMinusL2 { // langchaingo drops them
				c.want = slices.DeleteFunc(slices.Clone(c.want), func(text string) bool { return cosine[text] < .5 })
			}
			found, err := s.SimilaritySearch(t.Context(), query, 10, c.opts...)
			if err != nil {
				t.Fatalf("searching for %q: %v", query, err)
			}
			if !b.Approximate && len(found) != len(c.want) {
				t.Errorf("%q: got %d documents, want %d", query, len(found), len(c.want))
			}
			sound(t, found, cosine)
			wanted += len(c.want)
			for _, d := range found {
				if slices.Contains(c.want, d.PageContent) {
					hits++
				}
			}
		}
	}
	t.Logf("%d of %d near documents were found", hits, wanted)
	least := wanted
	if b.Approximate { // by default Chroma's index finds about seven of ten such random vectors
		least = wanted / 2
	}
	if hits < least {
		t.Errorf("%d of %d near documents were found, want at least %d", hits, wanted, least)
	}
}

// nearest returns the texts of at most ten documents, in one language unless that is "", whose
// cosine is at least this, the nearest first.
func nearest(docs []schema.Document, cosine map[string]float32, lang string, least float32) []string {
	var out []string
	for _, d := range docs {
		if (lang == "" || d.Metadata["lang"] == lang) && cosine[d.PageContent] >= least {
			out = append(out, d.PageContent)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Compare(cosine[b], cosine[a]) })
	return out[:min(10, len(out))]
}

// sound reports results with a wrong score, order or metadata.
func sound(t *testing.T, found []schema.Document, cosine map[string]float32) {
	t.Helper()
	for i, d := range found {
		want, ok := cosine[d.PageContent]
		if !ok || math.Abs(float64(d.Score-want)) > 1e-4 {
			t.Errorf("%q has the score %v, want %v", d.PageContent, d.Score, want)
		}
		if i > 0 && d.Score > found[i-1].Score {
			t.Errorf("result %d has the score %v, more than the one before with %v", i, d.Score, found[i-1].Score)
		}
		if d.Metadata[store.Key] != nil || d.Metadata[store.VariantKey] != nil {
			t.Errorf("result %d shows the stamp: metadata %v", i, d.Metadata)
		}
		if fmt.Sprint(d.Metadata["lang"]) == "" || d.Metadata["n"] == nil {
			t.Errorf("result %d has the metadata %v, want lang and n", i, d.Metadata)
		}
	}
}
