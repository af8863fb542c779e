package benchmarks

import (
	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/bm25"
)

// fusedByRanks fuses a query's rankings by reciprocal ranks.
func fusedByRanks(meaning, words []metrics.Hit) []metrics.Hit {
	out := metrics.Fuse(60, words, meaning)
	return out[:min(depth, len(out))]
}

// fusedByScores fuses a query's rankings with a weight for words. meaning holds all documents.
func fusedByScores(meaning, words []metrics.Hit, weight float64) []metrics.Hit {
	part := func(hits []metrics.Hit) []bm25.Hit {
		out := make([]bm25.Hit, len(hits))
		for i, h := range hits {
			out[i] = bm25.Hit{ID: h.Doc, Score: h.Score}
		}
		return out
	}
	hits := bm25.Fuse(part(meaning), part(words), weight)
	out := make([]metrics.Hit, min(depth, len(hits)))
	for i := range out {
		out[i] = metrics.Hit{Doc: hits[i].ID, Score: hits[i].Score}
	}
	return out
}
