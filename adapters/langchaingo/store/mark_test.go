package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/internal/expect"
)

func TestTheStoreMustUseTheEmbedder(t *testing.T) {
	e := model("m", 8)
	own := langchaingo.New(model("theirs", 8))
	c := &collection{}
	ignores := func(embeddings.Embedder) (vectorstores.VectorStore, error) { return &fake{collection: c, e: own}, nil }
	s, err := store.New(t.Context(), e, ignores, cosine)
	expect.NoError(t, err)
	ids, err := s.AddDocuments(t.Context(), docs("a"))
	expect.Says(t, "the error", err, "without asking the embedder", "remove them")
	expect.Equal(t, "IDs to remove", len(ids), 1)
	_, err = store.New(t.Context(), e, ignores, store.Options{Score: store.Cosine, Unstamped: true})
	expect.Says(t, "the error", err, "without asking the embedder") // it holds something now

	f := &fake{forgetsContext: true}
	_, err = open(t, e, f, cosine).AddDocuments(t.Context(), docs("a"))
	expect.Says(t, "the error", err, "nothing was written", "does not hand its context on")
	s = open(t, e, &fake{}, cosine)
	_, err = s.Unwrap().AddDocuments(t.Context(), docs("a"))
	expect.Says(t, "the error", err, "outside the guard")
}

func TestTheStoreMayAskInItsOwnWay(t *testing.T) {
	e := model("m", 8)
	f := &fake{single: true}
	s := open(t, e, f, cosine)
	add(t, s, "a", "b", "a")
	if !slices.Equal(f.rows[2].vector, e.Vector(0, "a")) || &f.rows[0].vector[0] == &f.rows[2].vector[0] {
		t.Error("not the text's vector, or not the store's own")
	}
	_, err := store.New(t.Context(), e, func(emb embeddings.Embedder) (vectorstores.VectorStore, error) {
		return changes{&fake{collection: &collection{}, e: emb}}, nil
	}, cosine)
	expect.Says(t, "the error", err, "neither one of its documents")
}

// changes is a store that edits texts before it embeds them.
type changes struct{ *fake }

func (c changes) SimilaritySearch(ctx context.Context, query string, n int, opts ...vectorstores.Option) ([]schema.Document, error) {
	return c.fake.SimilaritySearch(ctx, query+" ", n, opts...)
}
