package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
)

func TestAddAndSearch(t *testing.T) {
	e := model("m", 8)
	f := &fake{editsMetadata: true, queryAsDoc: true}
	s := open(t, e, f, cosine)
	in := docs("a", "b", "c")
	ids, err := s.AddDocuments(t.Context(), in)
	if err != nil || !slices.Equal(ids, []string{"id of a", "id of b", "id of c"}) {
		t.Fatalf("ids: got %q and the error %v, want those of a, b and c and none", ids, err)
	}
	expect.Equal(t, "the caller's documents", in, docs("a", "b", "c"))
	for i, r := range f.rows {
		if store.SpaceOf(r.doc.Metadata) != e.Model().Space || !slices.Equal(r.vector, e.Vector(embedding.TaskDocument, in[i].PageContent)) {
			t.Errorf("stored %v", r)
		}
	}
	found, err := s.SimilaritySearch(t.Context(), "q", 3)
	if err != nil || len(found) != 3 {
		t.Fatalf("search: got %v and the error %v, want 3 documents and none", found, err)
	}
	q := e.Vector(embedding.TaskQuery, "q")
	for _, d := range found {
		if want := embedding.Cosine(q, e.Vector(embedding.TaskDocument, d.PageContent)); !near(d.Score, want) {
			t.Errorf("%q: score %v, want %v: the query is not embedded as one", d.PageContent, d.Score, want)
		}
		if _, ok := d.Metadata[store.Key]; ok {
			t.Errorf("the stamp is in the results: %v", d.Metadata)
		}
	}
	if e.Billed("a") != 1 || e.Ledger().Requests != 2 {
		t.Errorf("got %+v, want 2 requests, a billed once", e.Ledger())
	}
	// The store gets neither what the guard does itself nor what a store would refuse.
	_, err = s.SimilaritySearch(t.Context(), "q", 1, vectorstores.WithScoreThreshold(.5), vectorstores.WithEmbedder(langchaingo.New(e)), vectorstores.WithNameSpace("x"))
	if err != nil || len(f.options) != 1 || f.options["namespace"] != "x" {
		t.Errorf("%v, passed on: %v", err, f.options)
	}
}

func TestNothingToAdd(t *testing.T) {
	e := model("m", 8)
	s := open(t, e, &fake{panicsOnEmpty: true}, cosine)
	all := vectorstores.WithDeduplicater(func(context.Context, schema.Document) bool { return true })
	for _, in := range [][]schema.Document{nil, {}, docs("a")} {
		ids, err := s.AddDocuments(t.Context(), in, all)
		if err != nil || ids == nil || len(ids) != 0 {
			t.Errorf("ids: got %v and the error %v, want an empty list that is not nil and none", ids, err)
		}
	}
	expect.Equal(t, "calls", len(e.Calls()), 0)
}

func TestDeduplicater(t *testing.T) {
	f := &fake{}
	e := model("m", 8)
	s := open(t, e, f, cosine)
	ids, err := s.AddDocuments(t.Context(), docs("a", "b", "c"), vectorstores.WithDeduplicater(func(_ context.Context, d schema.Document) bool { return d.PageContent == "b" }))
	if err != nil || !slices.Equal(ids, []string{"id of a", "id of c"}) || e.Billed("b") != 0 {
		t.Errorf("ids: got %q and the error %v, want those of a and c, none, and b never embedded", ids, err)
	}
}

// The other's document is too far from all of these to be among the nearest that an add looks at
// anyway.
func TestTwoFirstAddsAtOnce(t *testing.T) {
	mine, theirs := model("m", 8), model("other", 8)
	var texts []string
	for i := range 40 {
		texts = append(texts, fmt.Sprint("mine ", i))
	}
	first, far, least := mine.Vector(0, texts[0]), "", float32(2)
	for i := range 100 {
		text := fmt.Sprint("theirs ", i)
		if c := embedding.Cosine(first, theirs.Vector(0, text)); c < least {
			far, least = text, c
		}
	}
	for name, f := range map[string]fake{"plain": {}, "lister": {passesOver: true}, "drops negatives": {dropsNegative: true}} {
		c := &collection{}
		f.collection = c
		one, two := f, f
		other := open(t, theirs, &two, cosine)
		one.before = func(*fake) { // both have looked at an empty collection
			one.before = nil
			add(t, other, far)
		}
		ids, err := open(t, mine, &one, cosine).AddDocuments(t.Context(), docs(texts...))
		expect.Says(t, "the error", err, `"fake/m@8"`, `"fake/other@8"`, "40 documents were written")
		expect.Equal(t, name+": IDs to remove", len(ids), len(texts))
	}
}

func TestSomeTextsFail(t *testing.T) {
	e := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "bad" {
				return embedding.Rejected
			}
			return nil
		}}
	}})
	f := &fake{}
	s := open(t, e, f, cosine)
	skip := vectorstores.WithDeduplicater(func(_ context.Context, d schema.Document) bool { return d.PageContent == "known" })
	ids, err := s.AddDocuments(t.Context(), docs("known", "a", "bad", "b"), skip)
	expect.Says(t, "the error", err, "2 of 3 documents are stored")
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != 1 || !errors.Is(err, embedding.Rejected) {
		t.Fatalf("got the error %v, want a PartialError with one Rejected text", err)
	}
	expect.Equal(t, "the failed text", p.Failed[0].Index, 2)
	if v := p.Response.Vectors; len(v) != 4 || v[1] == nil {
		t.Errorf("got the vectors %v, want 4, the second not nil", v)
	}
	expect.Equal(t, "ids", ids, []string{"id of a", "", "id of b"})
	expect.Equal(t, "stored rows", len(f.rows), 2)
	ids, err = s.AddDocuments(t.Context(), docs("bad"))
	expect.Says(t, "the error", err, "nothing was written")
	if len(ids) != 0 || !errors.Is(err, embedding.Rejected) {
		t.Errorf("got the ids %q and the error %v, want no ids and %v", ids, err, embedding.Rejected)
	}
}

// A provider fails in the middle of a long add: the paid vectors are stored, and the error says so.
func TestTheProviderFailsInTheMiddle(t *testing.T) {
	e := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 2}}, Script: func(c embedtest.Call) embedtest.Reply {
		if c.Number > 1 {
			return embedtest.Reply{Err: embedding.Auth}
		}
		return embedtest.Reply{}
	}})
	f := &fake{}
	s := open(t, embedding.Chain(e, middleware.Batch(middleware.BatchOptions{Parallel: 1})), f, cosine)
	ids, err := s.AddDocuments(t.Context(), docs("a", "b", "c", "d", "e"))
	expect.Says(t, "the error", err, "2 of 5 documents are stored")
	if !errors.Is(err, embedding.Auth) || !slices.Equal(ids, []string{"id of a", "id of b", "", "", ""}) || len(f.rows) != 2 {
		t.Errorf("got the ids %q, the error %v and %d stored rows, want ids for a and b, %v and 2 rows", ids, err, len(f.rows), embedding.Auth)
	}
}

func TestTheStoreFails(t *testing.T) {
	f := &fake{failsAfter: 1}
	ids, err := open(t, model("m", 8), f, cosine).AddDocuments(t.Context(), docs("a", "b"))
	expect.Says(t, "the error", err, "connection lost", "2 documents", "may hold some")
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(ids) != 0 || len(p.Failed) != 2 || p.Response.Vectors[0] == nil || p.Response.Vectors[1] == nil {
		t.Errorf("got %v, %v, want a PartialError with the vectors that were paid for", ids, err)
	}
	_, err = open(t, model("m", 8), &fake{loses: true}, cosine).AddDocuments(t.Context(), docs("a", "b"))
	expect.Says(t, "the error", err, "accepted documents that it does not serve")
	_, err = open(t, model("m", 8), &fake{noIDs: true}, cosine).AddDocuments(t.Context(), docs("a"))
	expect.NoError(t, err)
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 1}}, Script: func(c embedtest.Call) embedtest.Reply {
		if c.Number == 2 {
			cancel()
		}
		return embedtest.Reply{}
	}})
	f := &fake{}
	s := open(t, embedding.Chain(e, middleware.Batch(middleware.BatchOptions{Parallel: 1})), f, cosine)
	_, err := s.AddDocuments(ctx, docs("a", "b", "c"))
	expect.Says(t, "the error", err, "nothing was written")
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !errors.Is(err, context.Canceled) || !ok || p.Response.Vectors[0] == nil || len(f.rows) != 0 {
		t.Errorf("%v, %d documents", err, len(f.rows))
	}
	if _, err = s.AddDocuments(ctx, docs("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want context.Canceled", err)
	}
	if _, err = s.SimilaritySearch(ctx, "q", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want context.Canceled", err)
	}
}

func TestZeroVectors(t *testing.T) {
	zeros := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(res *embedding.Response) { res.Vectors[0] = make([]float32, 8) }}
	}})
	m := zeros.Model()
	m.Normalized = false // or the guard refuses them
	e := embedding.Wrap(zeros, m, zeros.Embed)
	f := &fake{}
	s := open(t, e, f, cosine)
	_, err := s.AddDocuments(t.Context(), docs("zero", "a"))
	expect.Says(t, "the error", err, "document 0 is zero", "1 of 2 documents are stored")
	_, err = s.SimilaritySearch(t.Context(), "q", 1)
	expect.Says(t, "the error", err, "the vector of the query is zero")
	if !errors.Is(err, embedding.Malformed) || len(f.rows) != 1 {
		t.Errorf("got the error %v and %d stored rows, want %v and 1 row", err, len(f.rows), embedding.Malformed)
	}
	_, err = open(t, e, &fake{score: func(c float64) float64 { return 2*c - 1 }}, store.Options{Score: store.OneMinusL2}).AddDocuments(t.Context(), docs("zero", "a"))
	expect.Says(t, "the error", err, "nothing was written", "has the length 0, want 1", "cosine as its metric")
}
