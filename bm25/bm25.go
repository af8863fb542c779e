package bm25

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// The parameters of Anserini's baselines for BEIR.
const (
	k1 = .9
	b  = .4
)

// Hit is one document of a ranking.
type Hit struct {
	ID    string
	Score float64 // above 0; comparable only with scores of the same query and Index
}

// Index finds documents by their words. It cannot be changed and is safe for concurrent use.
type Index struct {
	ids      []string
	lengths  []float64 // of each document, over the mean
	postings map[string][]posting
}

type posting struct{ doc, times int32 }

// New returns the Index of texts; ids[i] names texts[i]. It keeps neither slice. It panics if there
// are fewer ids than texts.
func New(ids, texts []string) *Index {
	x := &Index{ids: slices.Clone(ids), lengths: make([]float64, len(ids)), postings: map[string][]posting{}}
	total := 0.0
	for i, text := range texts {
		words := Words(text)
		counts := make(map[string]int32, len(words))
		for _, w := range words {
			counts[w]++
		}
		for w, n := range counts {
			x.postings[w] = append(x.postings[w], posting{int32(i), n})
		}
		x.lengths[i] = float64(len(words))
		total += float64(len(words))
	}
	for i := range x.lengths {
		x.lengths[i] /= max(total/float64(len(ids)), 1)
	}
	return x
}

// Search returns the k best documents that share a word with query: the highest score first, equal
// scores by ID in descending order. There are fewer than k if fewer documents share a word.
func (x *Index) Search(query string, k int) []Hit {
	scores := map[int32]float64{}
	n := float64(len(x.ids))
	for _, w := range Words(query) {
		list := x.postings[w]
		idf := math.Log(1 + (n-float64(len(list))+.5)/(float64(len(list))+.5))
		for _, p := range list {
			tf := float64(p.times)
			scores[p.doc] += idf * tf / (tf + k1*(1-b+b*x.lengths[p.doc]))
		}
	}
	hits := make([]Hit, 0, len(scores))
	for doc, score := range scores {
		hits = append(hits, Hit{ID: x.ids[doc], Score: score})
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(b.ID, a.ID))
	})
	return hits[:min(max(k, 0), len(hits))]
}
