package chromem_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

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
				doc("Repairing a flat bicycle tire", map[string]any{"name": "tire", "year": 2020}),
				doc("The history of the Roman empire", map[string]any{"name": "rome", "year": 2020}),
			)
			got, err := s.SimilaritySearch(t.Context(), "fix my bike", 10)
			if err != nil || len(got) != 3 || byName(got[0]) != "tire" {
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
			expect.Equal(t, "documents", s.Count(), 3)
		})
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
			t.Fatalf("got %v, %v, want 00, 01 and 02", names(got), err)
		}
	}
	for _, k := range []int{40, 41, math.MaxInt} {
		if got, err := s.SimilaritySearch(t.Context(), "q", k); err != nil || len(got) != 40 {
			t.Errorf("k = %d: %d documents, %v", k, len(got), err)
		}
	}
}

// TestCancelInASearch: chromem answers a canceled search by the part it has, without an error.
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

// A collection whose documents are all deleted costs no request, and a score is a cosine although
// its sum is rounded.
func TestSearchOfNothingAndOfItself(t *testing.T) {
	asked := 0
	e, err := static.New(static.Options{})
	expect.NoError(t, err)
	counted := embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		asked++
		return e.Embed(ctx, req)
	})
	s := open(t, counted, chromem.Options{})
	var ids []string
	over := false
	for i := range 100 {
		text := fmt.Sprintf("text %d of a hundred", i)
		added := add(t, s, doc(text, nil))
		ids = append(ids, added...)
		got, err := s.SimilaritySearch(t.Context(), text, 1)
		if err != nil || got[0].Score > 1 || got[0].Score < 0.9999 {
			t.Fatalf("got %v and the error %v, want the text itself with a score of 1", got, err)
		}
		over = over || got[0].Score == 1
	}
	if !over {
		t.Error("no score was rounded to 1, so the test shows nothing")
	}
	expect.NoError(t, s.Delete(t.Context(), ids))
	asked = 0
	got, err := s.SimilaritySearch(t.Context(), "anything", 1)
	if err != nil || len(got) != 0 || asked != 0 {
		t.Errorf("got %v, the error %v and %d requests, want nothing for nothing", got, err, asked)
	}
}
