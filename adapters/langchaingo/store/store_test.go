package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/canary"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestPerCallEmbedder(t *testing.T) {
	e, same := model("m", 8), model("m", 8)
	s := open(t, e, &fake{}, cosine)
	if _, err := s.AddDocuments(t.Context(), docs("a"), vectorstores.WithEmbedder(langchaingo.New(same))); err != nil || same.Billed("a") != 1 || e.Billed("a") != 0 {
		t.Errorf("the embedder of the call was not used: %v", err)
	}
	foreign, err := embeddings.NewEmbedder(client{})
	expect.NoError(t, err)
	long := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Space: "fake/m@8", Dimensions: 16}})
	for want, emb := range map[string]embeddings.Embedder{
		"Space is unknown": foreign,
		`"fake/other@8"`:   langchaingo.New(model("other", 8)),
		"16 dimensions":    langchaingo.New(long),
	} {
		_, err := s.AddDocuments(t.Context(), docs("b"), vectorstores.WithEmbedder(emb))
		expect.Says(t, "the error", err, want)
		_, err = s.SimilaritySearch(t.Context(), "q", 1, vectorstores.WithEmbedder(emb))
		expect.Says(t, "the error", err, want)
	}
}

type client struct{}

func (client) CreateEmbedding(context.Context, []string) ([][]float32, error) { return nil, nil }

func TestRefusals(t *testing.T) {
	f := func(embeddings.Embedder) (vectorstores.VectorStore, error) { return nil, errors.New("wrong password") }
	e := model("m", 8)
	_, err := store.New(t.Context(), nil, f, cosine)
	expect.Says(t, "the error", err, "needs an Embedder")
	_, err = store.New(t.Context(), e, nil, cosine)
	expect.Says(t, "the error", err, "needs an Embedder")
	_, err = store.New(t.Context(), e, f, cosine)
	expect.Says(t, "the error", err, "opening", "wrong password")
	_, err = store.New(t.Context(), e, func(embeddings.Embedder) (vectorstores.VectorStore, error) { return (*fake)(nil), nil }, cosine)
	expect.Says(t, "the error", err, "neither a store nor an error")
	_, err = try(t, e, &fake{}, store.Options{})
	expect.Says(t, "the error", err, "Options.Score", "store_test.fake")
	_, err = try(t, e, &fake{}, store.Options{Score: 99})
	expect.Says(t, "the error", err, "Options.Score")
	unknown := embedding.Wrap(e, embedding.Model{Provider: "p", ID: "m"}, e.Embed)
	_, err = store.New(t.Context(), unknown, f, cosine)
	expect.Says(t, "the error", err, "embedding.Probe", "p:m")
	_, err = try(t, e, &fake{missing: true}, cosine)
	expect.Says(t, "the error", err, "Options.Missing")
	s := open(t, e, &fake{}, cosine)
	_, err = s.SimilaritySearch(t.Context(), "q", 0)
	expect.Says(t, "the error", err, "at least 1")
	for _, x := range []float32{-.1, 1.1} {
		_, err = s.SimilaritySearch(t.Context(), "q", 1, vectorstores.WithScoreThreshold(x))
		expect.Says(t, "the error", err, "from 0 to 1")
	}
}

func TestCanary(t *testing.T) {
	ref, err := canary.Record(t.Context(), model("m", 8), canary.Options{})
	expect.NoError(t, err)
	open(t, model("m", 8), &fake{}, store.Options{Score: store.Cosine, Canary: &ref})
	// Another model under the name of the first.
	fakes := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "n"}})
	successor := embedding.Wrap(fakes, model("m", 8).Model(), fakes.Embed)
	_, err = try(t, successor, &fake{}, store.Options{Score: store.Cosine, Canary: &ref})
	if _, ok := errors.AsType[*canary.Drift](err); !ok {
		t.Errorf("got %v", err)
	}
}

func TestChromemBehindTheGuard(t *testing.T) {
	e := model("m", 8)
	s, err := store.New(t.Context(), e, func(emb embeddings.Embedder) (vectorstores.VectorStore, error) {
		ours, err := langchaingo.From(emb, e.Model())
		if err != nil {
			return nil, err
		}
		return chromem.New(ours, chromem.Options{})
	}, store.Options{})
	expect.NoError(t, err)
	ids := add(t, s, "a", "b")
	expect.Equal(t, "the ids of the second add", add(t, s, "a", "b"), ids)
	found, err := s.SimilaritySearch(t.Context(), "q", 5)
	if err != nil || len(found) != 2 || !near(found[0].Score, embedding.Cosine(e.Vector(embedding.TaskQuery, "q"), e.Vector(0, found[0].PageContent))) {
		t.Errorf("got %v and the error %v, want 2 documents with their cosines as scores and none", found, err)
	}
}

func TestConcurrent(t *testing.T) {
	e := model("m", 8)
	f := &fake{}
	s := open(t, e, f, cosine)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for k := range 5 {
				if _, err := s.AddDocuments(t.Context(), docs(fmt.Sprintf("%d %d", i, k))); err != nil {
					t.Errorf("got the error %v, want none", err)
				}
				if _, err := s.SimilaritySearch(t.Context(), "q", 3); err != nil {
					t.Errorf("got the error %v, want none", err)
				}
			}
		})
	}
	wg.Wait()
	expect.Equal(t, "documents", len(f.rows), 100)
}
