package store_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/providers"
)

// list is a store in memory that does what langchaingo's stores do: it takes any vectors.
type list struct {
	e       embeddings.Embedder
	docs    []schema.Document
	vectors [][]float32
}

func (l *list) AddDocuments(ctx context.Context, docs []schema.Document, _ ...vectorstores.Option) ([]string, error) {
	texts := make([]string, len(docs))
	for i, d := range docs {
		texts[i] = d.PageContent
	}
	vectors, err := l.e.EmbedDocuments(ctx, texts)
	l.docs, l.vectors = append(l.docs, docs...), append(l.vectors, vectors...)
	return make([]string, len(docs)), err
}

func (l *list) SimilaritySearch(ctx context.Context, query string, _ int, _ ...vectorstores.Option) (best []schema.Document, err error) {
	v, err := l.e.EmbedQuery(ctx, query)
	for i, d := range l.docs {
		if d.Score = embedding.Cosine(v, l.vectors[i]); best == nil || d.Score > best[0].Score {
			best = []schema.Document{d}
		}
	}
	return best, err
}

// A collection that one model has filled is closed to another one, though the store would take it.
func Example() {
	ctx := context.Background()
	kept := &list{} // pgvector, Chroma or another store of langchaingo
	open := func(reference string) (*store.Store, error) {
		e, err := providers.Open(reference)
		if err != nil {
			return nil, err
		}
		return store.New(ctx, e, func(emb embeddings.Embedder) (vectorstores.VectorStore, error) {
			kept.e = emb
			return kept, nil
		}, store.Options{Score: store.Cosine})
	}
	s, err := open("static:base")
	if err != nil {
		panic(err)
	}
	if _, err := s.AddDocuments(ctx, []schema.Document{{PageContent: "Mow the lawn."}, {PageContent: "Sharpen knives."}}); err != nil {
		fmt.Println(err)
		return
	}
	found, err := s.SimilaritySearch(ctx, "how do I cut the grass?", 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(found[0].PageContent)

	_, err = open("static:base?dimensions=128")
	other, ok := errors.AsType[*store.SpaceError](err)
	fmt.Println(ok, other.Stored, other.Embedder)
	// Output:
	// Mow the lawn.
	// true static/base-706ceacb-t2@256 static/base-706ceacb-t2@128
}
