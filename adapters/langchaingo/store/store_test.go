package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/canary"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestAddAndSearch(t *testing.T) {
	e := model("m", 8)
	f := &fake{editsMetadata: true, queryAsDoc: true}
	s := open(t, e, f, cosine)
	in := docs("a", "b", "c")
	ids, err := s.AddDocuments(t.Context(), in)
	if err != nil || !slices.Equal(ids, []string{"id of a", "id of b", "id of c"}) {
		t.Fatal(ids, err)
	}
	if !reflect.DeepEqual(in, docs("a", "b", "c")) {
		t.Errorf("the caller's documents were edited: %v", in)
	}
	for i, r := range f.rows {
		if store.SpaceOf(r.doc.Metadata) != e.Model().Space || !slices.Equal(r.vector, e.Vector(embedding.TaskDocument, in[i].PageContent)) {
			t.Errorf("stored %v", r)
		}
	}
	found, err := s.SimilaritySearch(t.Context(), "q", 3)
	if err != nil || len(found) != 3 {
		t.Fatal(found, err)
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
	// What the guard does itself, or what a store would refuse, does not reach the store.
	_, err = s.SimilaritySearch(t.Context(), "q", 1, vectorstores.WithScoreThreshold(.5), vectorstores.WithEmbedder(langchaingo.New(e)), vectorstores.WithNameSpace("x"))
	if err != nil || len(f.options) != 1 || f.options["namespace"] != "x" {
		t.Errorf("%v, passed on: %v", err, f.options)
	}
}

func TestFilterAndRetriever(t *testing.T) {
	s := open(t, model("m", 8), &fake{}, cosine)
	add(t, s, "a", "b", "c")
	found, err := vectorstores.ToRetriever(s, 3, vectorstores.WithFilters(map[string]any{"n": 1})).GetRelevantDocuments(t.Context(), "q")
	if err != nil || len(found) != 1 || found[0].PageContent != "b" {
		t.Error(found, err)
	}
	if found, err = s.SimilaritySearch(t.Context(), "q", 3, vectorstores.WithFilters(map[string]any{"n": 7})); err != nil || len(found) != 0 {
		t.Error(found, err)
	}
}

func TestNothingToAdd(t *testing.T) {
	e := model("m", 8)
	s := open(t, e, &fake{panicsOnEmpty: true}, cosine)
	all := vectorstores.WithDeduplicater(func(context.Context, schema.Document) bool { return true })
	for _, in := range [][]schema.Document{nil, {}, docs("a")} {
		ids, err := s.AddDocuments(t.Context(), in, all)
		if err != nil || ids == nil || len(ids) != 0 {
			t.Error(ids, err)
		}
	}
	if len(e.Calls()) != 0 {
		t.Error("something was embedded")
	}
}

func TestDeduplicater(t *testing.T) {
	f := &fake{}
	e := model("m", 8)
	s := open(t, e, f, cosine)
	ids, err := s.AddDocuments(t.Context(), docs("a", "b", "c"), vectorstores.WithDeduplicater(func(_ context.Context, d schema.Document) bool { return d.PageContent == "b" }))
	if err != nil || !slices.Equal(ids, []string{"id of a", "id of c"}) || e.Billed("b") != 0 {
		t.Error(ids, err)
	}
}

func TestAnotherModelIsRefused(t *testing.T) {
	for name, f := range map[string]fake{
		"plain":  {},
		"lister": {passesOver: true},
		// Nothing of the collection has a positive score with a usual vector.
		"drops negatives": {dropsNegative: true, score: func(c float64) float64 { return c }},
	} {
		t.Run(name, func(t *testing.T) {
			f.collection = &collection{}
			one := f
			mine := model("m", 8)
			s := open(t, mine, &one, cosine)
			two := f
			late, err := try(t, model("other", 8), &two, cosine) // opened before anything is in it
			expect.NoError(t, err)
			add(t, s, "a", "b")
			_, err = late.AddDocuments(t.Context(), docs("c"))
			says(t, err, "nothing was written", `"fake/m@8"`, `"fake/other@8"`)
			if e, ok := errors.AsType[*store.SpaceError](err); !ok || e.Stored != "fake/m@8" || e.Embedder != "fake/other@8" {
				t.Errorf("got %#v, want a SpaceError of m and other", e)
			}
			if len(f.rows) != 2 {
				t.Errorf("%d documents", len(f.rows))
			}
			three := f
			_, err = try(t, model("other", 8), &three, cosine)
			says(t, err, `"fake/m@8"`, `"fake/other@8"`, "use another collection")
			f.rows = append(f.rows, row{schema.Document{PageContent: "x", Metadata: map[string]any{store.Key: "fake/other@8"}}, mine.Vector(0, "x")})
			_, err = s.SimilaritySearch(t.Context(), "q", 3)
			if f.dropsNegative && err == nil {
				return // the query may be at an obtuse angle to it
			}
			says(t, err, `"fake/m@8"`, `"fake/other@8"`)
		})
	}
}

func TestOtherDimensionsAreRefused(t *testing.T) {
	for name, f := range map[string]fake{"passes over": {passesOver: true}, "refuses": {refusesOther: true}} {
		t.Run(name, func(t *testing.T) {
			f.collection = &collection{}
			one, two, three := f, f, f
			late := open(t, model("m", 16), &two, cosine)
			add(t, open(t, model("m", 8), &one, cosine), "a")
			_, err := late.AddDocuments(t.Context(), docs("c"))
			says(t, err, "nothing was written")
			if len(f.rows) != 1 {
				t.Errorf("%d documents", len(f.rows))
			}
			_, err = late.SimilaritySearch(t.Context(), "q", 1)
			says(t, err, "8")
			// The user asserts that they are of the same Space, and they cannot be.
			o := cosine
			o.Unstamped = true
			delete(f.rows[0].doc.Metadata, store.Key)
			_, err = try(t, model("m", 16), &three, o)
			says(t, err, "16")
		})
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
		says(t, err, `"fake/m@8"`, `"fake/other@8"`, "40 documents were written")
		if len(ids) != len(texts) {
			t.Errorf("%s: the IDs to remove are not told: %v", name, ids)
		}
	}
}

func TestUnstamped(t *testing.T) {
	e := model("m", 8)
	c := &collection{rows: []row{{docs("old")[0], e.Vector(0, "old")}}}
	_, err := try(t, e, &fake{collection: c}, cosine)
	says(t, err, "Options.Unstamped", `"fake/m@8"`)
	s := open(t, e, &fake{collection: c}, store.Options{Score: store.Cosine, Unstamped: true})
	add(t, s, "new")
	if found, err := s.SimilaritySearch(t.Context(), "q", 2); err != nil || len(found) != 2 {
		t.Error(found, err)
	}
}

func TestTheStoreMustUseTheEmbedder(t *testing.T) {
	e := model("m", 8)
	own := langchaingo.New(model("theirs", 8))
	c := &collection{}
	ignores := func(embeddings.Embedder) (vectorstores.VectorStore, error) { return &fake{collection: c, e: own}, nil }
	s, err := store.New(t.Context(), e, ignores, cosine)
	expect.NoError(t, err)
	ids, err := s.AddDocuments(t.Context(), docs("a"))
	says(t, err, "without asking the embedder", "remove them")
	if len(ids) != 1 {
		t.Error("the IDs to remove are not told")
	}
	_, err = store.New(t.Context(), e, ignores, store.Options{Score: store.Cosine, Unstamped: true})
	says(t, err, "without asking the embedder") // it holds something now

	f := &fake{forgetsContext: true}
	_, err = open(t, e, f, cosine).AddDocuments(t.Context(), docs("a"))
	says(t, err, "nothing was written", "does not hand its context on")
	s = open(t, e, &fake{}, cosine)
	_, err = s.Unwrap().AddDocuments(t.Context(), docs("a"))
	says(t, err, "outside of a call of the guard")
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
	says(t, err, "not one of its documents")
}

// changes is a store that edits texts before it embeds them.
type changes struct{ *fake }

func (c changes) SimilaritySearch(ctx context.Context, query string, n int, opts ...vectorstores.Option) ([]schema.Document, error) {
	return c.fake.SimilaritySearch(ctx, query+" ", n, opts...)
}

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
		says(t, err, want)
		_, err = s.SimilaritySearch(t.Context(), "q", 1, vectorstores.WithEmbedder(emb))
		says(t, err, want)
	}
}

type client struct{}

func (client) CreateEmbedding(context.Context, []string) ([][]float32, error) { return nil, nil }

func TestRefusals(t *testing.T) {
	f := func(embeddings.Embedder) (vectorstores.VectorStore, error) { return nil, errors.New("wrong password") }
	e := model("m", 8)
	_, err := store.New(t.Context(), nil, f, cosine)
	says(t, err, "needs an Embedder")
	_, err = store.New(t.Context(), e, nil, cosine)
	says(t, err, "needs an Embedder")
	_, err = store.New(t.Context(), e, f, cosine)
	says(t, err, "opening", "wrong password")
	_, err = store.New(t.Context(), e, func(embeddings.Embedder) (vectorstores.VectorStore, error) { return (*fake)(nil), nil }, cosine)
	says(t, err, "neither a store nor an error")
	_, err = try(t, e, &fake{}, store.Options{})
	says(t, err, "Options.Score", "store_test.fake")
	_, err = try(t, e, &fake{}, store.Options{Score: 99})
	says(t, err, "Options.Score")
	unknown := embedding.Wrap(e, embedding.Model{Provider: "p", ID: "m"}, e.Embed)
	_, err = store.New(t.Context(), unknown, f, cosine)
	says(t, err, "embedding.Probe", "p:m")
	_, err = try(t, e, &fake{missing: true}, cosine)
	says(t, err, "Options.Missing")
	s := open(t, e, &fake{}, cosine)
	_, err = s.SimilaritySearch(t.Context(), "q", 0)
	says(t, err, "at least 1")
	for _, x := range []float32{-.1, 1.1} {
		_, err = s.SimilaritySearch(t.Context(), "q", 1, vectorstores.WithScoreThreshold(x))
		says(t, err, "from 0 to 1")
	}
}

func TestMissing(t *testing.T) {
	o := store.Options{Score: store.Cosine, Missing: func(err error) bool { return err.Error() == "no such thing" }}
	s := open(t, model("m", 8), &fake{missing: true}, o)
	if found, err := s.SimilaritySearch(t.Context(), "q", 3); err != nil || len(found) != 0 {
		t.Error(found, err)
	}
	add(t, s, "a")
	if found, err := s.SimilaritySearch(t.Context(), "q", 3); err != nil || len(found) != 1 {
		t.Error(found, err)
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
	if again := add(t, s, "a", "b"); !slices.Equal(ids, again) {
		t.Error(ids, again)
	}
	found, err := s.SimilaritySearch(t.Context(), "q", 5)
	if err != nil || len(found) != 2 || !near(found[0].Score, embedding.Cosine(e.Vector(embedding.TaskQuery, "q"), e.Vector(0, found[0].PageContent))) {
		t.Error(found, err)
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
	if len(f.rows) != 100 {
		t.Errorf("%d documents", len(f.rows))
	}
}
