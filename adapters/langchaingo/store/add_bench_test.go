package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/internal/expect"
)

// sink is a store that asks for the vectors and finds one document, and does no more.
type sink struct {
	e     embeddings.Embedder
	found []schema.Document
}

func (s *sink) AddDocuments(ctx context.Context, docs []schema.Document, _ ...vectorstores.Option) ([]string, error) {
	texts := make([]string, len(docs))
	for i, d := range docs {
		texts[i] = d.PageContent
	}
	_, err := s.e.EmbedDocuments(ctx, texts)
	if s.found == nil {
		s.found = []schema.Document{{PageContent: "not of the call", Metadata: docs[0].Metadata}}
	}
	return make([]string, len(docs)), err
}

func (s *sink) SimilaritySearch(ctx context.Context, query string, _ int, _ ...vectorstores.Option) ([]schema.Document, error) {
	_, err := s.e.EmbedQuery(ctx, query)
	return s.found, err
}

// BenchmarkAdd measures the guard's own cost for 2,000 documents of 384 dimensions: the difference
// of the two results. integration/stores measures its cost with a real store.
func BenchmarkAdd(b *testing.B) {
	f := model("m", 384)
	var texts []string
	res := embedding.Response{Usage: embedding.Usage{Requests: 1}}
	for i := range 2000 {
		texts = append(texts, fmt.Sprint("a text of a usual name ", i))
		res.Vectors = append(res.Vectors, f.Vector(0, texts[i]))
	}
	e := embedding.Wrap(f, f.Model(), func(_ context.Context, req embedding.Request) (embedding.Response, error) {
		return embedding.Response{Vectors: res.Vectors[:len(req.Texts)], Usage: res.Usage}, nil
	})
	in := docs(texts...)
	guarded, err := store.New(b.Context(), e, func(emb embeddings.Embedder) (vectorstores.VectorStore, error) { return &sink{e: emb}, nil }, cosine)
	expect.NoError(b, err)
	for name, s := range map[string]vectorstores.VectorStore{"bare": &sink{e: langchaingo.New(e)}, "guarded": guarded} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := s.AddDocuments(b.Context(), in)
				expect.NoError(b, err)
			}
		})
	}
}
