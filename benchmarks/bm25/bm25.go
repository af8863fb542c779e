// Package bm25 ranks documents by their words (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009):
// the floor that a model of meaning has to beat, and what people fuse with one.
package bm25

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/vecspace/embedding/benchmarks/metrics"
)

// The parameters are those of Anserini's baselines for BEIR.
const (
	k1 = .9
	b  = .4
)

// Index holds documents by their words. It is safe for concurrent use.
type Index struct {
	ids      []string
	lengths  []float64 // of each document, over the mean
	postings map[string][]posting
}

type posting struct{ doc, times int32 }

// New indexes texts; ids[i] names texts[i].
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

// Search returns the best k documents that share a word with query, in metrics.Order.
func (x *Index) Search(query string, k int) []metrics.Hit {
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
	hits := make([]metrics.Hit, 0, len(scores))
	for doc, score := range scores {
		hits = append(hits, metrics.Hit{Doc: x.ids[doc], Score: score})
	}
	slices.SortFunc(hits, func(a, b metrics.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(b.Doc, a.Doc))
	})
	return hits[:min(k, len(hits))]
}
