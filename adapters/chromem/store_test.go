package chromem_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
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
		`document 0: metadata "x": the value is a struct`: store([]schema.Document{doc("c", map[string]any{"x": struct{}{}})}),
		"reserved":                                        store([]schema.Document{doc("b", map[string]any{"\x00id": 1})}),
	} {
		expect.Says(t, "the error", err, want)
	}
	expect.Equal(t, "requests for bad calls", len(f.Calls()), calls)
	if _, err := chromem.New(nil, chromem.Options{}); err == nil {
		t.Error("a nil embedder was taken")
	}
	m := f.Model()
	m.Space, m.Dimensions = "", 0
	_, err := chromem.New(embedding.Wrap(f, m, f.Embed), chromem.Options{})
	expect.Says(t, "an unknown space", err, "embedding.Probe")
	expect.NoError(t, search(1, vectorstores.WithEmbedder(langchaingo.New(f))))
}

type nobody struct{}

func (nobody) EmbedDocuments(context.Context, []string) ([][]float32, error) { return nil, nil }
func (nobody) EmbedQuery(context.Context, string) ([]float32, error)         { return nil, nil }

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
		t.Errorf("got %v, %v, want 2 documents", got, err)
	}
	if got, err := s.SimilaritySearch(t.Context(), "a", 5, vectorstores.WithNameSpace("nobody's")); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want none", got, err)
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
					t.Errorf("got the error %v, want none", err)
				}
				if _, err := s.SimilaritySearch(t.Context(), "text", 3); err != nil {
					t.Errorf("got the error %v, want none", err)
				}
				if g == 0 {
					if err := s.Delete(t.Context(), []string{"3"}); err != nil {
						t.Errorf("got the error %v, want none", err)
					}
				}
				for range s.All() {
				}
			}
		})
	}
	wg.Wait()
}
