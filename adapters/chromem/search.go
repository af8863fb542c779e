package chromem

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/philippgille/chromem-go"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/percall"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/bm25"
)

// SimilaritySearch returns the k documents nearest to the query, nearest first; fewer if the
// collection or the filters leave fewer. Equally near documents come in the order of their IDs.
// Score is the cosine of the angle between document and query, from -1 to 1. The query is embedded
// as a query. An empty collection embeds nothing. Results come without the reserved keys of package
// collection.
//
// With Options.Words, the order is that of meaning and words fused, and Score is still the cosine.
//
// WithFilters takes a map[string]any or map[string]string; all its values must equal the
// document's. WithScoreThreshold, from 0 to 1, drops documents with a lower score; 0 drops none.
// WithNameSpace names another collection. WithEmbedder takes an embedder with the same Space, made
// by adapters/langchaingo.New.
func (s *Store) SimilaritySearch(ctx context.Context, query string, k int, options ...vectorstores.Option) ([]schema.Document, error) {
	o := s.options(options)
	if k < 1 {
		return nil, fmt.Errorf("chromem: %d documents are asked for: ask for at least 1", k)
	}
	if t := float64(o.ScoreThreshold); t < 0 || t > 1 || math.IsNaN(t) {
		return nil, fmt.Errorf("chromem: the score threshold is %v: it must be from 0 to 1", o.ScoreThreshold)
	}
	where, err := filter(o.Filters)
	if err != nil {
		return nil, err
	}
	e, err := percall.Embedder("chromem", s.e, o.Embedder)
	if err != nil {
		return nil, err
	}
	c := s.collection(o.NameSpace)
	if c == nil || c.Count() == 0 {
		return nil, ctx.Err()
	}
	v, err := embedding.Query(ctx, e, query)
	if err != nil {
		return nil, err
	}
	v, ok := unit(v)
	if !ok {
		return nil, s.model.Errorf(embedding.Malformed, "the vector of the query is zero and has no direction")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []chromem.Result
	if c.words == nil {
		found, err = c.nearest(ctx, v, k, where)
	} else {
		found, err = c.nearest(ctx, v, c.Count(), nil)
		found = slices.DeleteFunc(c.fused(query, found, s.o.Words), func(r chromem.Result) bool { return !passes(r, where) })
	}
	if err != nil {
		return nil, err
	}
	docs := make([]schema.Document, 0, min(k, len(found)))
	for _, r := range found {
		if len(docs) == k {
			break
		}
		if o.ScoreThreshold > 0 && r.Similarity < o.ScoreThreshold {
			continue
		}
		metadata, err := decode(r.Metadata)
		if err != nil {
			return nil, fmt.Errorf("chromem: document %s: %w", r.Metadata[keyID], err)
		}
		if !percall.IsWhole(ctx) {
			metadata = collection.Own(metadata)
		}
		docs = append(docs, schema.Document{PageContent: r.Content, Metadata: metadata, Score: max(-1, min(1, r.Similarity))})
	}
	return docs, nil
}

// nearest returns the k documents nearest to v, always in the same order. Which of several equally
// near documents chromem leaves out is random, so nearest asks for one more, and for all if the
// last two are equally near.
func (c *indexed) nearest(ctx context.Context, v []float32, k int, where map[string]string) ([]chromem.Result, error) {
	n := c.Count()
	k = min(k, n)
	for want := min(k+1, n); want > 0; want = n {
		found, err := c.QueryEmbedding(ctx, v, want, where, nil)
		if err != nil {
			return nil, fmt.Errorf("chromem: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return nil, err // chromem returns partial results without an error
		}
		slices.SortFunc(found, func(a, b chromem.Result) int {
			if c := cmp.Compare(b.Similarity, a.Similarity); c != 0 {
				return c
			}
			return cmp.Compare(a.Metadata[keyID], b.Metadata[keyID])
		})
		if want == n || len(found) <= k || found[k].Similarity < found[k-1].Similarity {
			return found[:min(k, len(found))], nil
		}
	}
	return nil, nil
}

// fused returns found, which is every document, in the order of meaning and words.
func (c *indexed) fused(query string, found []chromem.Result, weight float64) []chromem.Result {
	places := make(map[string]int, len(found))
	meaning := make([]bm25.Hit, len(found))
	for i, r := range found {
		id := r.Metadata[keyID]
		places[id], meaning[i] = i, bm25.Hit{ID: id, Score: float64(r.Similarity)}
	}
	hits := bm25.Fuse(meaning, c.words.Search(query, c.Count()), weight)
	slices.SortFunc(hits, func(a, b bm25.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	out := make([]chromem.Result, len(hits))
	for i, h := range hits {
		out[i] = found[places[h.ID]]
	}
	return out
}

// passes reports whether a result has every value of a filter.
func passes(r chromem.Result, where map[string]string) bool {
	for key, value := range where {
		if r.Metadata[key] != value { // no value is ""
			return false
		}
	}
	return true
}

// filter returns a filter in the form of stored metadata.
func filter(filters any) (map[string]string, error) {
	where := map[string]string{}
	switch f := filters.(type) {
	case nil:
		return nil, nil
	case map[string]string:
		for key, value := range f {
			form, _, err := field(key, value)
			if err != nil {
				return nil, fmt.Errorf("chromem: filter %q: %w", key, err)
			}
			where[key] = form
		}
	case map[string]any:
		for key, value := range f {
			form, _, err := field(key, value)
			if err != nil {
				return nil, fmt.Errorf("chromem: filter %q: %w", key, err)
			}
			where[key] = form
		}
	default:
		return nil, fmt.Errorf("chromem: the filter is a %T: use a map[string]any of keys and the values they must have", filters)
	}
	return where, nil
}
