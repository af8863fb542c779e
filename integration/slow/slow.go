// Package slow is what its tests share: stores whose servers or clients take minutes to compile. They are a module of their own, and
// .ci/run has them take part only when INTEGRATION_SLOW is set.
//
//	(cd integration && go run ./install -slow)
//	(cd integration/slow && INTEGRATION=required go test -timeout 30m ./...)
package slow

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
)

// Store is one under test.
type Store struct {
	Open    func(collection string) func(embeddings.Embedder) (vectorstores.VectorStore, error)
	Options store.Options
	Filter  any // of the documents whose lang is zh
}

// Model returns an embedder of a space and dimensions.
func Model(id string, dimensions int) *embedtest.Fake {
	return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: id, Dimensions: dimensions}})
}

// Documents returns n different ones.
func Documents(n int) []schema.Document {
	out := make([]schema.Document, n)
	for i := range out {
		lang := []string{"en", "zh"}[i%2]
		out[i] = schema.Document{PageContent: fmt.Sprintf("document %d in %s: 图书馆 \"'", i, lang), Metadata: map[string]any{"lang": lang}}
	}
	return out
}

// Raw opens a store without the guard.
func (s Store) Raw(t *testing.T, collection string, e embedding.Embedder) vectorstores.VectorStore {
	t.Helper()
	v, err := s.Open(collection)(langchaingo.New(e))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Panics reports what a store does with no documents.
func Panics(v vectorstores.VectorStore) (what any) {
	defer func() { what = recover() }()
	_, _ = v.AddDocuments(context.Background(), nil) // whether it panics is the question
	return nil
}

// Guarded checks what the guard promises of the store.
func (s Store) Guarded(t *testing.T) {
	open := func(e embedding.Embedder, collection string) (*store.Store, error) {
		return store.New(t.Context(), e, s.Open(collection), s.Options)
	}
	must := func(e embedding.Embedder, collection string) *store.Store {
		t.Helper()
		g, err := open(e, collection)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	t.Run("a thousand documents", func(t *testing.T) {
		e := Model("m", 64)
		g := must(e, "Thousand")
		if ids, err := g.AddDocuments(t.Context(), nil); err != nil || len(ids) != 0 {
			t.Error(ids, err)
		}
		if _, err := g.AddDocuments(t.Context(), Documents(1000)); err != nil {
			t.Fatal(err)
		}
		q := e.Vector(embedding.TaskQuery, "q")
		for _, filtered := range []bool{false, true} {
			var opts []vectorstores.Option
			if filtered {
				opts = append(opts, vectorstores.WithFilters(s.Filter))
			}
			found, err := g.SimilaritySearch(t.Context(), "q", 20, opts...)
			if err != nil || len(found) == 0 {
				t.Fatalf("%d documents, %v", len(found), err)
			}
			for _, d := range found {
				want := embedding.Cosine(q, e.Vector(embedding.TaskDocument, d.PageContent))
				if math.Abs(float64(d.Score-want)) > 1e-3 {
					t.Errorf("%q has the score %v, want %v", d.PageContent, d.Score, want)
				}
				if filtered && strings.Contains(d.PageContent, "in en") {
					t.Errorf("the filter let %q pass", d.PageContent)
				}
			}
		}
		over := 0
		for _, d := range Documents(1000) {
			if embedding.Cosine(q, e.Vector(embedding.TaskDocument, d.PageContent)) >= .25 {
				over++
			}
		}
		found, err := g.SimilaritySearch(t.Context(), "q", 100, vectorstores.WithScoreThreshold(.25))
		if err != nil || len(found) > over || len(found) < over*8/10 {
			t.Errorf("%d documents over the threshold, want %d: %v", len(found), over, err)
		}
	})
	t.Run("another model and other dimensions", func(t *testing.T) {
		g := must(Model("m", 64), "Mine")
		if _, err := g.AddDocuments(t.Context(), Documents(20)); err != nil {
			t.Fatal(err)
		}
		_, err := open(Model("other", 64), "Mine")
		says(t, err, `"fake/m@64"`, `"fake/other@64"`)
		_, err = open(Model("m", 32), "Mine")
		says(t, err, "32")
	})
	t.Run("embedder not used", func(t *testing.T) {
		own := langchaingo.New(Model("theirs", 64))
		_, err := store.New(t.Context(), Model("m", 64), func(embeddings.Embedder) (vectorstores.VectorStore, error) { return s.Open("Own")(own) }, s.Options)
		says(t, err, "without asking the embedder")
	})
	t.Run("per-call embedder", func(t *testing.T) {
		e, same := Model("m", 64), Model("m", 64)
		g := must(e, "PerCall")
		if _, err := g.AddDocuments(t.Context(), Documents(4), vectorstores.WithEmbedder(langchaingo.New(same))); err != nil || len(e.Calls()) != 0 {
			t.Error(err)
		}
	})
	t.Run("wrong score", func(t *testing.T) {
		wrong := s.Options
		wrong.Score = store.Distance
		g, err := store.New(t.Context(), Model("m", 64), s.Open("Wrong"), wrong)
		if err != nil {
			t.Fatal(err)
		}
		_, err = g.AddDocuments(t.Context(), Documents(20))
		says(t, err, "Options.Score is Distance and should be")
	})
}

func says(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("got %v, want %q", err, w)
		}
	}
}
