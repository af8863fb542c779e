package store_test

import (
	"errors"
	"testing"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

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
			four := f // the same server, since its port is part of its space
			_, err = try(t, embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "m", Origin: "fake:8080"}}), &four, cosine)
			says(t, err, `"fake:8080/m@8"`, "add space=fake/m@8 to the reference")
			f.rows = append(f.rows, row{schema.Document{PageContent: "x", Metadata: map[string]any{store.Key: "fake/other@8"}}, mine.Vector(0, "x")})
			_, err = s.SimilaritySearch(t.Context(), "q", 3)
			if f.dropsNegative && err == nil {
				return // the query may be at an obtuse angle to it
			}
			says(t, err, `"fake/m@8"`, `"fake/other@8"`)
		})
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
		t.Errorf("got %v and the error %v, want 2 documents and none", found, err)
	}
}

func TestSpaceOf(t *testing.T) {
	for want, metadata := range map[embedding.Space]map[string]any{"": {store.Key: 3}, "s": {store.Key: "s"}} {
		if got := store.SpaceOf(metadata); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := store.SpaceOf(schema.Document{}.Metadata); got != "" {
		t.Errorf("the Space of a document without a stamp: got %q, want none", got)
	}
}
