package chromem_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

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
		expect.Equal(t, "ids", ids, []string{"1", "2", "3", "3"})
		s = open(t, f, o) // a restart
	}
	for text, want := range map[string]int{"one": 1, "two": 1, "three": 1, "changed": 1} {
		expect.Equal(t, text+", times billed", f.Billed(text), want)
	}
	expect.NoError(t, s.Delete(t.Context(), []string{"1", "nobody"}))
	s = open(t, f, o)
	var all []string
	for id, d := range s.All() {
		all = append(all, fmt.Sprintf("%s %s %v", id, d.PageContent, d.Metadata["new"]))
	}
	expect.Equal(t, "after a restart", all, []string{"2 two value", "3 changed <nil>"})
	if _, err := s.AddDocuments(t.Context(), []schema.Document{doc("x", map[string]any{"name": 9}), doc("y", map[string]any{"name": 9})}); err == nil || !strings.Contains(err.Error(), "same ID") {
		t.Errorf("two documents of one ID: %v", err)
	}
}

// TestAllTextsInOneCall: every document in one request, as documents, duplicates too; the query as
// a query; nothing for an empty store.
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
	expect.Equal(t, "ids", ids, []string{"id a", "id old", "", "", "id b", ""})
	expect.Equal(t, "documents stored", s.Count(), 3)
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
	expect.Equal(t, "ids", ids, []string{"", old[0], ""})
	down = false
	add(t, s, doc("new", nil), doc("old", nil))
	if f.Billed("old") != 1 || f.Billed("new") != 1 || s.Count() != 2 {
		t.Errorf("billed %d and %d times, %d documents", f.Billed("old"), f.Billed("new"), s.Count())
	}
}

func TestVectorsAreNormalizedCopies(t *testing.T) {
	m := embedtest.NewFake(embedtest.FakeOptions{}).Model()
	m.Normalized = false
	rows := [][]float32{{3, 0, 0, 0, 0, 0, 0, 0}}
	e := embedding.Wrap(embedtest.NewFake(embedtest.FakeOptions{}), m, func(context.Context, embedding.Request) (embedding.Response, error) {
		return embedding.Response{Vectors: rows, Usage: embedding.Usage{Requests: 1}}, nil
	})
	s := open(t, e, chromem.Options{})
	add(t, s, doc("a", nil))
	expect.Equal(t, "a shared row", rows[0][0], 3)
	got, err := s.SimilaritySearch(t.Context(), "a", 1)
	if err != nil || got[0].Score < .999 || got[0].Score > 1.001 {
		t.Errorf("got %v, %v, want a document with the score 1", got, err)
	}
	rows = [][]float32{make([]float32, 8)}
	if _, err := s.AddDocuments(t.Context(), []schema.Document{doc("zero", nil)}); !errors.Is(err, embedding.Malformed) {
		t.Errorf("a zero vector: %v", err)
	}
	if _, err := s.SimilaritySearch(t.Context(), "zero", 1); !errors.Is(err, embedding.Malformed) {
		t.Errorf("a query of a zero vector: %v", err)
	}
}
