package guarded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func thousand(t *testing.T, b *Bench) {
	e := Model("m", Dimensions)
	name := b.fresh()
	docs := Corpus(1000)
	s := b.Guard(t, e, name)
	ids, err := s.AddDocuments(t.Context(), docs)
	expect.NoError(t, err)
	slices.Sort(ids)
	if n := len(slices.Compact(ids)); n != len(docs) && !b.NoIDs {
		t.Errorf("%d different IDs for %d documents", n, len(docs))
	}
	for _, d := range docs {
		if len(d.Metadata) != 2 {
			t.Fatalf("the caller's metadata was edited: %v", d.Metadata)
		}
	}
	if b.Read != nil {
		got := b.Read(t, b.URL, name)
		for _, d := range docs {
			if want := e.Vector(embedding.TaskDocument, d.PageContent); !same(got[d.PageContent], want, b.Normalises) {
				t.Fatalf("%q is stored as %v\nwant %v", d.PageContent, got[d.PageContent], want)
			}
		}
		expect.Equal(t, "documents stored", len(got), len(docs))
	}
	b.search(t, s, e, docs)
	if b.Server != nil {
		b.Server.Restart(t)
	}
	b.search(t, b.Guard(t, e, name), e, docs) // another process's view, after the restart
}

func nothing(t *testing.T, b *Bench) {
	e := Model("m", Dimensions)
	s := b.Guard(t, e, b.fresh())
	if ids, err := s.AddDocuments(t.Context(), nil); err != nil || len(ids) != 0 {
		t.Error(ids, err)
	}
	if found, err := s.SimilaritySearch(t.Context(), "q", 3); err != nil || len(found) != 0 {
		t.Errorf("a search before the first add: %v, %v", found, err)
	}
}

func otherDimensions(t *testing.T, b *Bench) {
	name := b.fresh()
	var late *store.Store
	if b.Server != nil && !b.Makes { // chromem's folder belongs to one store
		late = b.Guard(t, Model("m", 32), name) // opened while nothing is in it
	}
	Add(t, b.Guard(t, Model("m", Dimensions), name), 0, 20)
	if late != nil {
		_, err := late.AddDocuments(t.Context(), Corpus(40)[20:])
		expect.Says(t, "the error", err, "nothing was written")
		expect.Equal(t, "documents", b.Count(t, name), 20)
		if _, err = late.SimilaritySearch(t.Context(), "q", 3); err == nil {
			t.Error("a search with another dimension is not refused")
		}
	}
	_, err := b.Try(t, Model("m", 32), name)
	expect.Says(t, "the error", err, "32")
}

func anotherModel(t *testing.T, b *Bench) {
	name := b.fresh()
	var late *store.Store
	if b.Server != nil {
		late = b.Guard(t, Model("other", Dimensions), name)
	}
	Add(t, b.Guard(t, Model("m", Dimensions), name), 0, 20)
	if late != nil {
		_, err := late.AddDocuments(t.Context(), Corpus(40)[20:])
		expect.Says(t, "the error", err, "nothing was written", `"fake/m@64"`, `"fake/other@64"`)
		expect.Equal(t, "documents", b.Count(t, name), 20)
		found, err := late.SimilaritySearch(t.Context(), "q", 20)
		if _, ok := errors.AsType[*store.SpaceError](err); !ok && (!b.NoNegative || len(found) > 0) {
			t.Errorf("%v, %v", found, err)
		}
	}
	_, err := b.Try(t, Model("other", Dimensions), name)
	expect.Says(t, "the error", err, `fake/m@64"`, `fake/other@64"`)
}

func perCall(t *testing.T, b *Bench) {
	e, same := Model("m", Dimensions), Model("m", Dimensions)
	s := b.Guard(t, e, b.fresh())
	other := vectorstores.WithEmbedder(langchaingo.New(Batched(same)))
	_, err := s.AddDocuments(t.Context(), Corpus(20), other)
	expect.NoError(t, err)
	_, err = s.SimilaritySearch(t.Context(), "q", 3, other)
	expect.NoError(t, err)
	if len(e.Calls()) != 0 || same.Billed("q") != 1 {
		t.Errorf("the embedder of the call was not used")
	}
	_, err = s.AddDocuments(t.Context(), Corpus(20), vectorstores.WithEmbedder(langchaingo.New(Model("other", Dimensions))))
	expect.Says(t, "the error", err, `"fake/other@64"`)
}

func deduplicates(t *testing.T, b *Bench) {
	e := Model("m", Dimensions)
	s := b.Guard(t, e, b.fresh())
	docs := Corpus(20)
	ids, err := s.AddDocuments(t.Context(), docs, vectorstores.WithDeduplicater(func(_ context.Context, d schema.Document) bool { return d.Metadata["lang"] == "de" }))
	if err != nil || len(ids) != 17 && !b.NoIDs || e.Billed(docs[1].PageContent) != 0 {
		t.Errorf("%d IDs, %v", len(ids), err)
	}
}

func twenty(t *testing.T, b *Bench) {
	e := Model("m", Dimensions)
	name := b.fresh()
	s := b.Guard(t, e, name)
	docs := Corpus(200)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := s.AddDocuments(t.Context(), docs[10*i:10*i+10]); err != nil {
				t.Error(err)
			}
			found, err := s.SimilaritySearch(t.Context(), docs[10*i].PageContent, 3)
			if err != nil || len(found) == 0 && !b.NoNegative {
				t.Error(found, err)
			}
		})
	}
	wg.Wait()
	if n := b.Count(t, name); n != 200 && n != -1 {
		t.Errorf("%d documents", n)
	}
}

func failsMidway(t *testing.T, b *Bench) {
	var calls atomic.Int32
	e := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "m", Dimensions: Dimensions, Limits: embedding.Limits{Texts: 10}}, Script: func(embedtest.Call) embedtest.Reply {
		if calls.Add(1) > 5 {
			return embedtest.Reply{Err: embedding.Exhausted}
		}
		return embedtest.Reply{}
	}})
	name := b.fresh()
	docs := Corpus(100)
	ids, err := b.Guard(t, e, name).AddDocuments(t.Context(), docs)
	expect.Says(t, "the error", err, "50 of 100 documents are stored")
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !errors.Is(err, embedding.Exhausted) || len(ids) != 100 || !ok {
		t.Fatalf("%d IDs, %v", len(ids), err)
	}
	stored := map[string][]float32{}
	if b.Read != nil {
		stored = b.Read(t, b.URL, name)
	}
	var rest []schema.Document
	for i, id := range ids {
		failed := slices.ContainsFunc(p.Failed, func(f embedding.TextError) bool { return f.Index == i })
		if _, ok := stored[docs[i].PageContent]; b.Read != nil && ok == failed || !b.NoIDs && failed != (id == "") {
			t.Errorf("document %d has the ID %q, failed is %v and stored is %v", i, id, failed, ok)
		}
		if failed {
			rest = append(rest, docs[i])
		}
	}
	// What the error says is enough to go on: the documents that failed have no ID, and no other.
	_, err = b.Guard(t, Model("m", Dimensions), name).AddDocuments(t.Context(), rest)
	expect.NoError(t, err)
	if n := b.Count(t, name); n != 100 && n != -1 {
		t.Errorf("%d documents", n)
	}
}

func cancelMidway(t *testing.T, b *Bench) {
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	e := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "m", Dimensions: Dimensions, Limits: embedding.Limits{Texts: 10}}, Script: func(embedtest.Call) embedtest.Reply {
		if calls.Add(1) == 5 {
			cancel()
		}
		return embedtest.Reply{}
	}})
	name := b.fresh()
	s := b.Guard(t, e, name)
	_, err := s.AddDocuments(ctx, Corpus(100))
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !errors.Is(err, context.Canceled) || !ok || p.Response.Usage.Requests < 3 {
		t.Fatalf("%v", err)
	}
	expect.Says(t, "the error", err, "nothing was written")
	Add(t, s, 0, 20)
	if n := b.Count(t, name); n != 20 && n != -1 {
		t.Errorf("%d documents", n)
	}
}

func wrongScore(t *testing.T, b *Bench) {
	wrong := *b
	right := cmp.Or(b.Score, b.Options.Score, store.Cosine)
	if wrong.Options.Score = store.Certainty; right == store.Certainty {
		wrong.Options.Score = store.Distance
	}
	s := wrong.Guard(t, Model("m", Dimensions), b.fresh())
	_, err := s.AddDocuments(t.Context(), Corpus(20))
	expect.Says(t, "the error", err, "20 documents were written", fmt.Sprintf("Options.Score is %v and should be %v", wrong.Options.Score, right))
}

func notUsed(t *testing.T, b *Bench) {
	if b.Server == nil {
		t.Skip("chromem does not ask for what it does not need")
	}
	e := Model("m", Dimensions)
	own := langchaingo.New(Model("theirs", Dimensions))
	_, err := store.New(t.Context(), e, func(embeddings.Embedder) (vectorstores.VectorStore, error) {
		return b.Open(b.URL, b.fresh(), e.Model())(own)
	}, b.Options)
	expect.Says(t, "the error", err, "without asking the embedder")
}

func remove(t *testing.T, b *Bench) {
	if b.Remove == nil {
		t.Skip("langchaingo has none for it")
	}
	name := b.fresh()
	s := b.Guard(t, Model("m", Dimensions), name)
	Add(t, s, 0, 20)
	expect.NoError(t, b.Remove(s.Unwrap(), name))
	// It is gone, so another model may have the name.
	again := b.Guard(t, Model("other", Dimensions), name)
	Add(t, again, 0, 20)
	expect.Equal(t, "documents", b.Count(t, name), 20)
}

// Dies is a server that dies between two calls: that is an error, and what was said to be stored is
// there when it is back.
func Dies(t *testing.T, k Kind) {
	b := Serve(t, k)
	e := embedtest.NewFake(embedtest.FakeOptions{})
	s := b.Guard(t, e, "Coll")
	Add(t, s, 0, 20)
	b.Server.Kill(t)
	_, err := s.AddDocuments(t.Context(), Corpus(40)[20:])
	expect.Says(t, "the error", err, "failed while it was given 20 documents", "look before you add them again")
	if _, err := s.SimilaritySearch(t.Context(), "q", 3); err == nil {
		t.Error("a dead server answers")
	}
	b.Server.Start(t)
	expect.Equal(t, "documents", b.Count(t, "Coll"), 20)
}
