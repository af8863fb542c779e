package bm25

import (
	"math"
	"slices"
)

// Weight is the weight of words in [Fuse] that was chosen on the development sets of the table in
// benchmarks/README.md.
const Weight = .6

// Fuse makes one ranking of two: of meaning, by the cosines of vectors, and of words, by the scores
// of an [Index]. Both may be in any order. A document's score is
//
//	(cosine - lowest cosine) / (highest cosine - lowest cosine) + weight * (words / highest words)
//
// The candidates are the documents of either ranking, and lowest and highest are theirs. A document
// that meaning lacks has 0 for the first term, like the farthest one; a document that words lacks
// has 0 for the second. If all cosines are equal, as that of a single document is, the first term
// is 1 for each. If words is empty, the order is that of meaning.
//
// Give it all documents, also to show the first ten, or as many as the store finds, and filter what
// it returns: the farthest document is the 0 of the scale, so of fewer documents words need a
// higher weight. [Weight] was measured with all of them. It suits some sets and models better than
// others: measure yours.
//
// A score that is NaN or infinite, and one of words that is not above 0, counts as no hit. Of
// several hits of a ranking with one ID the highest counts. The result has each candidate once, the
// highest score first, equal scores by ID in descending order. Fuse keeps and edits no argument. It
// panics if weight is negative, NaN or infinite.
func Fuse(meaning, words []Hit, weight float64) []Hit {
	if !(weight >= 0) || math.IsInf(weight, 1) {
		panic("bm25: the weight of Fuse must be 0 or more, and finite")
	}
	low, high, most := math.Inf(1), math.Inf(-1), 0.0
	for _, h := range meaning {
		if finite(h.Score) {
			low, high = min(low, h.Score), max(high, h.Score)
		}
	}
	for _, h := range words {
		if finite(h.Score) {
			most = max(most, h.Score)
		}
	}
	type parts struct{ meaning, words float64 }
	all := make(map[string]parts, len(meaning)+len(words))
	for _, h := range meaning {
		if finite(h.Score) {
			p := all[h.ID]
			p.meaning = max(p.meaning, scaled(h.Score, low, high))
			all[h.ID] = p
		}
	}
	for _, h := range words {
		if finite(h.Score) && h.Score > 0 {
			p := all[h.ID]
			p.words = max(p.words, h.Score/most)
			all[h.ID] = p
		}
	}
	out := make([]Hit, 0, len(all))
	for id, p := range all {
		out = append(out, Hit{ID: id, Score: p.meaning + weight*p.words})
	}
	slices.SortFunc(out, order)
	return out
}

// scaled returns where x lies between low, which is 0, and high, which is 1. Halves do not
// overflow.
func scaled(x, low, high float64) float64 {
	if low/2 == high/2 {
		return 1
	}
	return (x/2 - low/2) / (high/2 - low/2)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
