package chromem_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

func open(t *testing.T, e embedding.Embedder, o chromem.Options) *chromem.Store {
	t.Helper()
	s, err := chromem.New(e, o)
	expect.NoError(t, err)
	return s
}

func doc(text string, metadata map[string]any) schema.Document {
	return schema.Document{PageContent: text, Metadata: metadata}
}

func add(t *testing.T, s *chromem.Store, docs ...schema.Document) []string {
	t.Helper()
	ids, err := s.AddDocuments(t.Context(), docs)
	if err != nil || len(ids) != len(docs) {
		t.Fatalf("%d ids for %d documents, %v", len(ids), len(docs), err)
	}
	return ids
}

func byName(d schema.Document) string { return fmt.Sprint(d.Metadata["name"]) }

func names(docs []schema.Document) (out []string) {
	for _, d := range docs {
		out = append(out, byName(d))
	}
	return out
}

func TestSearch(t *testing.T) {
	e, err := static.New(static.Options{})
	expect.NoError(t, err)
	for name, o := range map[string]chromem.Options{"memory": {}, "folder": {Dir: filepath.Join(t.TempDir(), "index")}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, e, o)
			if got, err := s.SimilaritySearch(t.Context(), "anything", 3); err != nil || len(got) != 0 {
				t.Errorf("an empty store: %v, %v", got, err)
			}
			add(t, s,
				doc("How to bake bread at home", map[string]any{"name": "bread", "year": 2019}),
				doc("Repairing a flat bicycle tyre", map[string]any{"name": "tyre", "year": 2020}),
				doc("The history of the Roman empire", map[string]any{"name": "rome", "year": 2020}),
			)
			got, err := s.SimilaritySearch(t.Context(), "fix my bike", 10)
			if err != nil || len(got) != 3 || byName(got[0]) != "tyre" {
				t.Fatalf("k over the count: %v, %v", names(got), err)
			}
			if got[0].Score < got[1].Score || got[0].Score > 1 || got[0].Score < .3 {
				t.Errorf("scores %v, %v", got[0].Score, got[1].Score)
			}
			got, err = s.SimilaritySearch(t.Context(), "fix my bike", 3, vectorstores.WithScoreThreshold(got[0].Score-1e-6))
			if err != nil || len(got) != 1 {
				t.Errorf("by threshold: %v, %v", names(got), err)
			}
			got, err = s.SimilaritySearch(t.Context(), "fix my bike", 3, vectorstores.WithFilters(map[string]any{"year": 2019.0}))
			if err != nil || !slices.Equal(names(got), []string{"bread"}) {
				t.Errorf("by filter: %v, %v", names(got), err)
			}
			got, err = vectorstores.ToRetriever(s, 1).GetRelevantDocuments(t.Context(), "emperors")
			if err != nil || !slices.Equal(names(got), []string{"rome"}) {
				t.Errorf("by a retriever: %v, %v", names(got), err)
			}
			if s.Count() != 3 {
				t.Errorf("%d documents", s.Count())
			}
		})
	}
}

func TestBadCalls(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	s := open(t, f, chromem.Options{})
	add(t, s, doc("a", nil))
	calls := len(f.Calls())
	other := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "other"}})
	search := func(k int, o ...vectorstores.Option) error {
		_, err := s.SimilaritySearch(t.Context(), "q", k, o...)
		return err
	}
	store := func(docs []schema.Document, o ...vectorstores.Option) error {
		_, err := s.AddDocuments(t.Context(), docs, o...)
		return err
	}
	for want, err := range map[string]error{
		"ask for at least 1":                              search(0),
		"0 documents":                                     search(0),
		"-1 documents":                                    search(-1),
		"must be from 0 to 1":                             search(1, vectorstores.WithScoreThreshold(1.5)),
		"score threshold is -0.1":                         search(1, vectorstores.WithScoreThreshold(-.1)),
		"score threshold is NaN":                          search(1, vectorstores.WithScoreThreshold(float32(math.NaN()))),
		`filter "\x00id": the key`:                        search(1, vectorstores.WithFilters(map[string]string{"\x00id": "a"})),
		"the filter is a []int":                           search(1, vectorstores.WithFilters([]int{1})),
		`filter "x": the value is a func()`:               search(1, vectorstores.WithFilters(map[string]any{"x": func() {}})),
		"cannot be compared":                              search(1, vectorstores.WithEmbedder(langchaingo.New(other))),
		"the embedder's Space is unknown":                 search(1, vectorstores.WithEmbedder(nobody{})),
		`document 1: metadata "x": the value is a struct`: store([]schema.Document{doc("b", nil), doc("c", map[string]any{"x": struct{}{}})}),
		"reserved":                                        store([]schema.Document{doc("b", map[string]any{"\x00id": 1})}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if n := len(f.Calls()); n != calls {
		t.Errorf("bad calls were paid for: %d requests", n-calls)
	}
	if _, err := chromem.New(nil, chromem.Options{}); err == nil {
		t.Error("a nil embedder was taken")
	}
	m := f.Model()
	m.Space, m.Dimensions = "", 0
	if _, err := chromem.New(embedding.Wrap(f, m, f.Embed), chromem.Options{}); err == nil || !strings.Contains(err.Error(), "embedding.Probe") {
		t.Errorf("an unknown space: %v", err)
	}
	if err := search(1, vectorstores.WithEmbedder(langchaingo.New(f))); err != nil {
		t.Errorf("an embedder of the same space: %v", err)
	}
}

type nobody struct{}

func (nobody) EmbedDocuments(context.Context, []string) ([][]float32, error) { return nil, nil }
func (nobody) EmbedQuery(context.Context, string) ([]float32, error)         { return nil, nil }

func TestNothingIsPaidTwice(t *testing.T) {
	dir := t.TempDir()
	f := embedtest.NewFake(embedtest.FakeOptions{})
	o := chromem.Options{Dir: dir, ID: byName}
	s := open(t, f, o)
	add(t, s, doc("one", map[string]any{"name": 1}), doc("two", map[string]any{"name": 2}), doc("three", map[string]any{"name": 3}))
	for range 2 {
		ids := add(t, s,
			doc("one", map[string]any{"name": 1}),                 // as it was
			doc("two", map[string]any{"name": 2, "new": "value"}), // new metadata
			doc("changed", map[string]any{"name": 3}),
			doc("changed", map[string]any{"name": 3}), // twice in one call
		)
		if !slices.Equal(ids, []string{"1", "2", "3", "3"}) {
			t.Errorf("ids %v", ids)
		}
		s = open(t, f, o) // a restart
	}
	for text, want := range map[string]int{"one": 1, "two": 1, "three": 1, "changed": 1} {
		if f.Billed(text) != want {
			t.Errorf("%q was billed %d times", text, f.Billed(text))
		}
	}
	expect.NoError(t, s.Delete(t.Context(), []string{"1", "nobody"}))
	s = open(t, f, o)
	var all []string
	for id, d := range s.All() {
		all = append(all, fmt.Sprintf("%s %s %v", id, d.PageContent, d.Metadata["new"]))
	}
	if !slices.Equal(all, []string{"2 two value", "3 changed <nil>"}) {
		t.Errorf("after a restart: %q", all)
	}
	if _, err := s.AddDocuments(t.Context(), []schema.Document{doc("x", map[string]any{"name": 9}), doc("y", map[string]any{"name": 9})}); err == nil || !strings.Contains(err.Error(), "same ID") {
		t.Errorf("two documents of one ID: %v", err)
	}
}

// TestAllTextsInOneCall: every document in one request, as documents, duplicates too; the query as a query; nothing for an empty store.
func TestAllTextsInOneCall(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	s := open(t, f, chromem.Options{ID: byName})
	if _, err := s.SimilaritySearch(t.Context(), "q", 1); err != nil || len(f.Calls()) != 0 {
		t.Errorf("a search in an empty store: %d requests, %v", len(f.Calls()), err)
	}
	mine := map[string]any{"name": 1}
	add(t, s, doc("same", mine), doc("same", map[string]any{"name": 2}), doc("other", map[string]any{"name": 3}))
	if calls := f.Calls(); len(calls) != 1 || len(calls[0].Request.Texts) != 3 || calls[0].Request.Task != embedding.TaskDocument || len(mine) != 1 {
		t.Errorf("%d requests, the caller's metadata is %v", len(calls), mine)
	}
	got, err := s.SimilaritySearch(t.Context(), "same", 3)
	if calls := f.Calls(); err != nil || len(got) != 3 || len(calls) != 2 || calls[1].Request.Task != embedding.TaskQuery {
		t.Errorf("%v, %v, %d requests", names(got), err, len(calls))
	}
	got[0].Metadata["name"] = "edited"
	if again, _ := s.SimilaritySearch(t.Context(), "same", 3); byName(again[0]) == "edited" {
		t.Error("the metadata of what is found is not the caller's own")
	}
	if ids, err := s.AddDocuments(t.Context(), nil); err != nil || len(ids) != 0 {
		t.Errorf("no documents: %v, %v", ids, err)
	}
}

func TestEquallyNearDocumentsComeInOrder(t *testing.T) {
	s := open(t, embedtest.NewFake(embedtest.FakeOptions{}), chromem.Options{ID: byName})
	for i := range 40 {
		add(t, s, doc("the same text", map[string]any{"name": fmt.Sprintf("%02d", i)}))
	}
	for range 20 {
		got, err := s.SimilaritySearch(t.Context(), "q", 3)
		if err != nil || !slices.Equal(names(got), []string{"00", "01", "02"}) {
			t.Fatalf("%v, %v", names(got), err)
		}
	}
	for _, k := range []int{40, 41, math.MaxInt} {
		if got, err := s.SimilaritySearch(t.Context(), "q", k); err != nil || len(got) != 40 {
			t.Errorf("k = %d: %d documents, %v", k, len(got), err)
		}
	}
}

// TestCancelInASearch: chromem answers a cancelled search by the part it has, without an error.
func TestCancelInASearch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(*embedding.Response) {
			if c.Request.Task == embedding.TaskQuery {
				cancel()
			}
		}}
	}})
	s := open(t, f, chromem.Options{})
	add(t, s, doc("a", nil), doc("b", nil))
	if got, err := s.SimilaritySearch(ctx, "q", 2); !errors.Is(err, context.Canceled) {
		t.Errorf("%d documents, %v", len(got), err)
	}
	if err := s.Delete(ctx, slices.Collect(maps.Keys(maps.Collect(s.All())))); !errors.Is(err, context.Canceled) || s.Count() != 2 {
		t.Errorf("%v, %d documents", err, s.Count())
	}
}

func TestPartialFailure(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "bad" {
				return &embedding.Error{Kind: embedding.Unavailable}
			}
			return nil
		}}
	}})
	s := open(t, f, chromem.Options{ID: func(d schema.Document) string { return "id " + d.PageContent }})
	add(t, s, doc("old", nil))
	ids, err := s.AddDocuments(t.Context(), []schema.Document{doc("a", nil), doc("old", nil), doc("bad", nil), doc("", nil), doc("b", nil), doc("bad", nil)})
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != 3 || p.Failed[0].Index != 2 || p.Failed[1].Index != 3 || p.Failed[2].Index != 5 {
		t.Fatalf("got %v", err)
	}
	if embedding.KindOf(p.Failed[1].Err) != embedding.Rejected || p.Response.Usage.Requests != 1 {
		t.Errorf("%v, usage %+v", p.Failed[1].Err, p.Response.Usage)
	}
	if want := []string{"id a", "id old", "", "", "id b", ""}; !slices.Equal(ids, want) {
		t.Errorf("ids %q, want %q", ids, want)
	}
	if s.Count() != 3 {
		t.Errorf("%d documents stored, want 3", s.Count())
	}
}

func TestFailureOfAWholeRequest(t *testing.T) {
	down := true
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
		if c.Request.Texts[0] == "new" && down {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.RateLimited}}
		}
		return embedtest.Reply{}
	}})
	s := open(t, f, chromem.Options{})
	old := add(t, s, doc("old", nil))
	ids, err := s.AddDocuments(t.Context(), []schema.Document{doc("new", nil)})
	if embedding.KindOf(err) != embedding.RateLimited || ids != nil {
		t.Errorf("nothing is stored: %v, %v", ids, err)
	}
	ids, err = s.AddDocuments(t.Context(), []schema.Document{doc("new", nil), doc("old", nil), doc("new", nil)})
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || !errors.Is(err, embedding.RateLimited) || len(p.Failed) != 2 || p.Response.Vectors[1] == nil {
		t.Fatalf("one is stored already: %v", err)
	}
	if !slices.Equal(ids, []string{"", old[0], ""}) {
		t.Errorf("ids %q", ids)
	}
	down = false
	add(t, s, doc("new", nil), doc("old", nil))
	if f.Billed("old") != 1 || f.Billed("new") != 1 || s.Count() != 2 {
		t.Errorf("billed %d and %d times, %d documents", f.Billed("old"), f.Billed("new"), s.Count())
	}
}

func TestNameSpacesAndDeduplicater(t *testing.T) {
	s := open(t, embedtest.NewFake(embedtest.FakeOptions{}), chromem.Options{})
	add(t, s, doc("a", nil))
	dup := vectorstores.WithDeduplicater(func(_ context.Context, d schema.Document) bool { return d.PageContent == "dup" })
	ids, err := s.AddDocuments(t.Context(), []schema.Document{doc("b", nil), doc("dup", nil), doc("c", nil)}, vectorstores.WithNameSpace("other"), dup)
	if err != nil || len(ids) != 2 || s.Count() != 1 || s.Count(vectorstores.WithNameSpace("other")) != 2 {
		t.Errorf("%v, %v; %d and %d documents", ids, err, s.Count(), s.Count(vectorstores.WithNameSpace("other")))
	}
	got, err := s.SimilaritySearch(t.Context(), "a", 5, vectorstores.WithNameSpace("other"))
	if err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := s.SimilaritySearch(t.Context(), "a", 5, vectorstores.WithNameSpace("nobody's")); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	s := open(t, f, chromem.Options{Dir: t.TempDir(), ID: byName})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 10 {
				d := doc(fmt.Sprint("text ", i), map[string]any{"name": i})
				if _, err := s.AddDocuments(t.Context(), []schema.Document{d}); err != nil {
					t.Error(err)
				}
				if _, err := s.SimilaritySearch(t.Context(), "text", 3); err != nil {
					t.Error(err)
				}
				if g == 0 {
					if err := s.Delete(t.Context(), []string{"3"}); err != nil {
						t.Error(err)
					}
				}
				for range s.All() {
				}
			}
		})
	}
	wg.Wait()
}

func TestVectorsAreNormalisedCopies(t *testing.T) {
	m := embedtest.NewFake(embedtest.FakeOptions{}).Model()
	m.Normalized = false
	rows := [][]float32{{3, 0, 0, 0, 0, 0, 0, 0}}
	e := embedding.Wrap(embedtest.NewFake(embedtest.FakeOptions{}), m, func(context.Context, embedding.Request) (embedding.Response, error) {
		return embedding.Response{Vectors: rows, Usage: embedding.Usage{Requests: 1}}, nil
	})
	s := open(t, e, chromem.Options{})
	add(t, s, doc("a", nil))
	if rows[0][0] != 3 {
		t.Error("a shared row was edited")
	}
	got, err := s.SimilaritySearch(t.Context(), "a", 1)
	if err != nil || got[0].Score < .999 || got[0].Score > 1.001 {
		t.Errorf("%v, %v", got, err)
	}
	rows = [][]float32{make([]float32, 8)}
	if _, err := s.AddDocuments(t.Context(), []schema.Document{doc("zero", nil)}); !errors.Is(err, embedding.Malformed) {
		t.Errorf("a zero vector: %v", err)
	}
	if _, err := s.SimilaritySearch(t.Context(), "zero", 1); !errors.Is(err, embedding.Malformed) {
		t.Errorf("a query of a zero vector: %v", err)
	}
}
