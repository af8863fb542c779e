package chromem_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/providers/static"
)

func open(t *testing.T, e embedding.Embedder, o chromem.Options) *chromem.Store {
	t.Helper()
	s, err := chromem.New(e, o)
	if err != nil {
		t.Fatal(err)
	}
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
	if err != nil {
		t.Fatal(err)
	}
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
		"ask for at least 1":              search(0),
		"0 documents":                     search(0),
		"-1 documents":                    search(-1),
		"must be from 0 to 1":             search(1, vectorstores.WithScoreThreshold(1.5)),
		"the filter is a []int":           search(1, vectorstores.WithFilters([]int{1})),
		`value of "x" is a func()`:        search(1, vectorstores.WithFilters(map[string]any{"x": func() {}})),
		"cannot be compared":              search(1, vectorstores.WithEmbedder(langchaingo.New(other))),
		"the embedder's Space is unknown": search(1, vectorstores.WithEmbedder(nobody{})),
		`document 1: the metadata value`:  store([]schema.Document{doc("b", nil), doc("c", map[string]any{"x": struct{}{}})}),
		"reserved":                        store([]schema.Document{doc("b", map[string]any{"\x00id": 1})}),
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
	if err := s.Delete(t.Context(), []string{"1", "nobody"}); err != nil {
		t.Fatal(err)
	}
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

func TestAnotherModelIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	f := embedtest.NewFake(embedtest.FakeOptions{})
	add(t, open(t, f, chromem.Options{Dir: dir}), doc("a", nil))
	other := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "other"}})
	_, err := chromem.New(other, chromem.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), `"fake/fake@8"`) || !strings.Contains(err.Error(), `"fake/other@8"`) || !strings.Contains(err.Error(), "another folder") {
		t.Errorf("got %v", err)
	}
}

func TestDamagedFolders(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string, docs []string)
		want   string
	}{
		"a half-written document": {func(t *testing.T, _ string, docs []string) {
			data, err := os.ReadFile(docs[0])
			if err != nil {
				t.Fatal(err)
			}
			write(t, docs[0], data[:len(data)/2])
		}, "delete this file and add its document again"},
		"an empty document": {func(t *testing.T, _ string, docs []string) { write(t, docs[1], nil) }, "is corrupt or half-written"},
		"a half-written sidecar": {func(t *testing.T, dir string, _ []string) {
			write(t, filepath.Join(dir, "space.json"), []byte(`{"format":1,"spa`))
		}, "space.json is corrupt"},
		"no sidecar": {func(t *testing.T, dir string, _ []string) {
			if err := os.Remove(filepath.Join(dir, "space.json")); err != nil {
				t.Fatal(err)
			}
		}, "holds an index without space.json"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "index")
			s := open(t, f, chromem.Options{Dir: dir})
			add(t, s, doc("a", nil), doc("b", nil), doc("c", nil))
			files, err := filepath.Glob(filepath.Join(dir, "*", "*.gob"))
			if err != nil || len(files) != 4 {
				t.Fatalf("%v, %v", files, err)
			}
			c.damage(t, dir, slices.DeleteFunc(slices.Clone(files), func(f string) bool { return filepath.Base(f) == "00000000.gob" }))
			_, err = chromem.New(f, chromem.Options{Dir: dir})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if c.want != "delete this file and add its document again" {
				return
			}
			for _, file := range files { // the user does as told
				if strings.Contains(err.Error(), file) {
					if err := os.Remove(file); err != nil {
						t.Fatal(err)
					}
				}
			}
			s = open(t, f, chromem.Options{Dir: dir})
			if s.Count() != 2 {
				t.Errorf("%d documents are left of 3", s.Count())
			}
			add(t, s, doc("a", nil), doc("b", nil), doc("c", nil))
			if s.Count() != 3 {
				t.Errorf("%d documents after the repair", s.Count())
			}
		})
	}
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFilesOfOneName: chromem names a document's file by 32 bits of a hash, so that two of 77,000 documents share one.
func TestFilesOfOneName(t *testing.T) {
	seen := map[[4]byte]string{}
	var one, two string
	for i := 0; one == ""; i++ {
		id := fmt.Sprint("document ", i)
		sum := sha256.Sum256([]byte(id))
		if other, ok := seen[[4]byte(sum[:4])]; ok {
			one, two = other, id
		}
		seen[[4]byte(sum[:4])] = id
	}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	o := chromem.Options{Dir: t.TempDir(), ID: byName}
	s := open(t, f, o)
	add(t, s, doc("first", map[string]any{"name": one}), doc("second", map[string]any{"name": two}))
	s = open(t, f, o)
	var got []string
	for id, d := range s.All() {
		got = append(got, id+": "+d.PageContent)
	}
	slices.Sort(got)
	want := []string{one + ": first", two + ": second"}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("after a restart: %q, want %q", got, want)
	}
	add(t, s, doc("first", map[string]any{"name": one}), doc("second", map[string]any{"name": two}))
	if f.Billed("first") != 1 || f.Billed("second") != 1 {
		t.Error("unchanged documents were paid for again")
	}
}

func TestMetadataKeepsItsTypes(t *testing.T) {
	metadata := map[string]any{
		"string": "s", "empty": "", "nul": "\x00", "int": 42, "negative": -1, "int8": int8(-8), "int64": int64(math.MaxInt64), "uint": uint(7),
		"uint64": uint64(math.MaxUint64), "float32": float32(1.5), "float64": 2.5, "whole": 3.0, "huge": 1e300, "small": 5e-324, "infinite": math.Inf(1),
		"true": true, "false": false, "nil": nil, "time": time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC),
		"list": []any{1, "two", 3.0, nil, []any{true}}, "strings": []string{"a", "b"}, "none": []string{},
		"map": map[string]any{"a": 1, "b": map[string]any{"c": 2.0}, "": []string{"x"}},
	}
	o := chromem.Options{Dir: t.TempDir()}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	add(t, open(t, f, o), doc("a", metadata))
	s := open(t, f, o)
	got, err := s.SimilaritySearch(t.Context(), "a", 1)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	for key, want := range metadata {
		if !reflect.DeepEqual(got[0].Metadata[key], want) {
			t.Errorf("%s: %#v came back as %#v", key, want, got[0].Metadata[key])
		}
		found, err := s.SimilaritySearch(t.Context(), "a", 1, vectorstores.WithFilters(map[string]any{key: want}))
		if err != nil || len(found) != 1 {
			t.Errorf("a filter by %s finds %d documents, %v", key, len(found), err)
		}
	}
	if len(got[0].Metadata) != len(metadata) {
		t.Errorf("%d keys came back of %d", len(got[0].Metadata), len(metadata))
	}
	for key, other := range map[string]any{"int": 43, "int8": "-8", "true": "true", "missing": "", "nil": "", "empty": nil} {
		if found, err := s.SimilaritySearch(t.Context(), "a", 1, vectorstores.WithFilters(map[string]any{key: other})); err != nil || len(found) != 0 {
			t.Errorf("a filter by %s = %#v finds %d documents, %v", key, other, len(found), err)
		}
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
}

func Example() {
	e, err := static.New(static.Options{})
	if err != nil {
		panic(err)
	}
	store, err := chromem.New(e, chromem.Options{}) // Dir: "index" keeps it
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	if _, err := store.AddDocuments(ctx, []schema.Document{
		{PageContent: "The cat sleeps on the sofa."},
		{PageContent: "Interest rates rose again."},
	}); err != nil {
		panic(err)
	}
	found, err := store.SimilaritySearch(ctx, "a pet taking a nap", 1)
	fmt.Println(found[0].PageContent, err)
	// Output: The cat sleeps on the sofa. <nil>
}
