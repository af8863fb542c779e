package store

import (
	"context"
	"fmt"
	"math"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/percall"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// SimilaritySearch returns the k documents nearest to the query, as the store finds and orders
// them. Score is the cosine of the angle between document and query, from -1 to 1, whatever the
// store's own score is. The query is embedded as a query. If a result has another Space, the error
// is a [*SpaceError]. A collection that does not exist yet has no documents.
//
// WithScoreThreshold, from 0 to 1, drops documents with a lower cosine; 0 drops none. The guard
// applies it. WithEmbedder takes an embedder with the same Space, made by adapters/langchaingo.New.
// The store interprets WithFilters and WithNameSpace.
func (s *Store) SimilaritySearch(ctx context.Context, query string, k int, opts ...vectorstores.Option) ([]schema.Document, error) {
	o := options(opts)
	if k < 1 {
		return nil, fmt.Errorf("store: %d documents are asked for: ask for at least 1", k)
	}
	if t := float64(o.ScoreThreshold); t < 0 || t > 1 || math.IsNaN(t) {
		return nil, fmt.Errorf("store: the score threshold is %v: it must be from 0 to 1", o.ScoreThreshold)
	}
	if err := s.wrong.Load(); err != nil {
		return nil, fmt.Errorf("store: %w", *err)
	}
	e, err := percall.Embedder("store", s.e, o.Embedder)
	if err != nil {
		return nil, err
	}
	where, err := s.searched(o)
	if err != nil {
		return nil, err
	}
	v, err := embedding.Query(ctx, e, query)
	if err != nil {
		return nil, err
	}
	if why := s.o.Score.unfit(v); why != "" {
		return nil, s.model.Errorf(embedding.Malformed, "the vector of the query %s", why)
	}
	leave, err := s.gate.share(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	found, err := s.ask(ctx, query, v, k, where)
	if err != nil {
		return nil, fmt.Errorf("store: searching %s: %w", s.name, err)
	}
	if err := s.compare(found); err != nil {
		return nil, err
	}
	if len(found) == 0 && o.Filters == nil {
		return nil, s.whyEmpty(ctx, o)
	}
	docs := make([]schema.Document, 0, len(found))
	for _, doc := range found {
		doc.Score = s.o.Score.cosine(doc.Score)
		if o.ScoreThreshold > 0 && doc.Score < o.ScoreThreshold {
			continue
		}
		doc.Metadata = collection.Own(doc.Metadata)
		docs = append(docs, doc)
	}
	return docs, nil
}

// whyEmpty returns an error if the collection holds documents but a search finds none: pgvector
// skips vectors of other dimensions.
func (s *Store) whyEmpty(ctx context.Context, o vectorstores.Options) error {
	listed, ok, err := s.list(ctx, 1, s.at(o.NameSpace))
	if !ok || err != nil || len(listed) == 0 {
		return ctx.Err()
	}
	if err := s.compare(listed); err != nil {
		return err
	}
	return s.otherDimensions()
}
