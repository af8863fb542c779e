package chromem

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/philippgille/chromem-go"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
)

// SimilaritySearch returns the k documents that are nearest to the query, nearest first, fewer if the collection or the filters
// leave fewer. Score is the cosine of the angle between document and query, from -1 to 1. The query is embedded as a query.
//
// Options: WithFilters takes a map[string]any or map[string]string whose values must all be equal to the document's;
// WithScoreThreshold, from 0 to 1, leaves out documents with a lower score, 0 leaves out none; WithNameSpace names another collection;
// WithEmbedder takes an embedder of the same Space.
func (s *Store) SimilaritySearch(ctx context.Context, query string, k int, options ...vectorstores.Option) ([]schema.Document, error) {
	o := s.options(options)
	if k < 1 {
		return nil, fmt.Errorf("chromem: %d documents are asked for: ask for at least 1", k)
	}
	if o.ScoreThreshold < 0 || o.ScoreThreshold > 1 {
		return nil, fmt.Errorf("chromem: the score threshold is %v: it must be from 0 to 1", o.ScoreThreshold)
	}
	where, err := filter(o.Filters)
	if err != nil {
		return nil, err
	}
	e, err := s.embedder(o)
	if err != nil {
		return nil, err
	}
	c, err := s.collection(o.NameSpace, false)
	if err != nil || c == nil || c.Count() == 0 {
		return nil, err
	}
	v, err := embedding.Query(ctx, e, query)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	k = min(k, c.Count())
	if k == 0 {
		return nil, nil
	}
	found, err := c.QueryEmbedding(ctx, v, k, where, nil)
	if err != nil {
		return nil, fmt.Errorf("chromem: %w", err)
	}
	slices.SortFunc(found, func(a, b chromem.Result) int {
		return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.ID, b.ID))
	})
	docs := make([]schema.Document, 0, len(found))
	for _, r := range found {
		if o.ScoreThreshold > 0 && r.Similarity < o.ScoreThreshold {
			break
		}
		metadata, err := decode(r.Metadata)
		if err != nil {
			return nil, fmt.Errorf("chromem: document %s: %w", r.Metadata[keyID], err)
		}
		docs = append(docs, schema.Document{PageContent: r.Content, Metadata: metadata, Score: r.Similarity})
	}
	return docs, nil
}

// filter returns a filter in the form in which metadata is stored.
func filter(filters any) (map[string]string, error) {
	where := map[string]string{}
	switch f := filters.(type) {
	case nil:
		return nil, nil
	case map[string]string:
		for key, value := range f {
			where[key] = "s" + value
		}
	case map[string]any:
		for key, value := range f {
			form, _, ok := canonical(value)
			if !ok {
				return nil, fmt.Errorf("chromem: the filter's value of %q is a %T: use a string, a number, a bool, nil, a time, or a slice or map of these", key, value)
			}
			where[key] = form
		}
	default:
		return nil, fmt.Errorf("chromem: the filter is a %T: use a map[string]any of keys and the values they must have", filters)
	}
	return where, nil
}
