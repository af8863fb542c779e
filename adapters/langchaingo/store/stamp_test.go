package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
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
			expect.Says(t, "the error", err, "nothing was written", `"fake/m@8"`, `"fake/other@8"`)
			if e, ok := errors.AsType[*store.SpaceError](err); !ok || e.Stored != "fake/m@8" || e.Embedder != "fake/other@8" {
				t.Errorf("got %#v, want a SpaceError of m and other", e)
			}
			expect.Equal(t, "documents", len(f.rows), 2)
			three := f
			_, err = try(t, model("other", 8), &three, cosine)
			expect.Says(t, "the error", err, `"fake/m@8"`, `"fake/other@8"`, "use another collection")
			four := f // the same server, since its port is part of its space
			_, err = try(t, embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "m", Origin: "fake:8080"}}), &four, cosine)
			expect.Says(t, "the error", err, `"fake:8080/m@8"`, "add space=fake/m@8 to the reference")
			f.rows = append(f.rows, row{schema.Document{PageContent: "x", Metadata: map[string]any{store.Key: "fake/other@8"}}, mine.Vector(0, "x")})
			_, err = s.SimilaritySearch(t.Context(), "q", 3)
			if f.dropsNegative && err == nil {
				return // the query may be at an obtuse angle to it
			}
			expect.Says(t, "the error", err, `"fake/m@8"`, `"fake/other@8"`)
		})
	}
}

func TestUnstamped(t *testing.T) {
	e := model("m", 8)
	c := &collection{rows: []row{{docs("old")[0], e.Vector(0, "old")}}}
	_, err := try(t, e, &fake{collection: c}, cosine)
	expect.Says(t, "the error", err, "Options.Unstamped", `"fake/m@8"`)
	s := open(t, e, &fake{collection: c}, store.Options{Score: store.Cosine, Unstamped: true})
	add(t, s, "new")
	if found, err := s.SimilaritySearch(t.Context(), "q", 2); err != nil || len(found) != 2 {
		t.Errorf("got %v and the error %v, want 2 documents and none", found, err)
	}
}

func TestSpaceOf(t *testing.T) {
	for want, metadata := range map[embedding.Space]map[string]any{"": {store.Key: 3}, "s": {store.Key: "s"}} {
		expect.Equal(t, "the Space", store.SpaceOf(metadata), want)
	}
	expect.Equal(t, "the Space of a document without a stamp", store.SpaceOf(schema.Document{}.Metadata), "")
}

// varied is an embedder of one Space with a variant.
func varied(variant string) *embedtest.Fake {
	return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "m", Dimensions: 8, Variant: variant}})
}

const prefixed = `document="passage: ",query="query: "`

// An index that was made without prefixes is not searched with them, or the other way round.
func TestAnotherVariantIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ made, opened, stored, embeds, want string }{
		"made without prefixes": {
			opened: prefixed, embeds: `document="passage: "`,
			want: "were embedded without a prefix or another variant and the embedder would embed them with the variant document=\"passage: \", " +
				"so a search would miss what it should find: leave out prefix= and document_prefix= in the reference, or use another collection",
		},
		"made with prefixes": {
			made: prefixed, stored: `document="passage: "`,
			want: "were embedded with the variant document=\"passage: \" and the embedder would embed them without a prefix or another variant, " +
				"so a search would miss what it should find: write prefix=e5 in the reference, or document_prefix=passage:%20, or use another collection",
		},
		"made with others": {
			made: prefixed, opened: `document="d: "`, stored: `document="passage: "`, embeds: `document="d: "`,
			want: "write prefix=e5 in the reference, or document_prefix=passage:%20",
		},
		"made in pieces": {made: "pieces=512+0", stored: "pieces=512+0", want: "open it with the options that it was made with"},
	} {
		t.Run(name, func(t *testing.T) {
			shared := &collection{}
			s := open(t, varied(c.made), &fake{collection: shared}, cosine)
			late := open(t, varied(c.opened), &fake{collection: shared}, cosine) // before anything is in it
			add(t, s, "a", "b")
			_, err := try(t, varied(c.opened), &fake{collection: shared}, cosine)
			expect.Says(t, "the error", err, c.want)
			if e, ok := errors.AsType[*store.VariantError](err); !ok || e.Stored != c.stored || e.Embedder != c.embeds {
				t.Errorf("got %#v, want a VariantError of %q and %q", e, c.stored, c.embeds)
			}
			_, err = late.AddDocuments(t.Context(), docs("c"))
			expect.Says(t, "the error", err, "nothing was written", c.want)
			_, err = late.SimilaritySearch(t.Context(), "q", 1)
			expect.Says(t, "the error", err, c.want)
			_, err = s.AddDocuments(t.Context(), docs("c"), vectorstores.WithEmbedder(langchaingo.New(varied(c.opened))))
			expect.Says(t, "the error", err, "vectorstores.WithEmbedder: the store's documents were embedded", strings.Split(c.want, ", or use")[0])
			expect.Equal(t, "documents", len(shared.rows), 2)
			found, err := open(t, varied(c.made), &fake{collection: shared}, cosine).SimilaritySearch(t.Context(), "q", 2)
			expect.NoError(t, err)
			for _, d := range found {
				if d.Metadata[store.VariantKey] != nil {
					t.Errorf("got the metadata %v, want the reserved key left out", d.Metadata)
				}
			}
		})
	}
}

// Another instruction for queries changes no document: the index stays.
func TestAnotherVariantOfQueries(t *testing.T) {
	shared := &collection{}
	add(t, open(t, varied(""), &fake{collection: shared}, cosine), "a")
	add(t, open(t, varied(`query="Instruct: find\nQuery:"`), &fake{collection: shared}, cosine), "b")
	s := open(t, varied(`query="Represent: ",similarity="s: "`), &fake{collection: shared}, cosine)
	if found, err := s.SimilaritySearch(t.Context(), "q", 3); err != nil || len(found) != 2 {
		t.Errorf("got %v and the error %v, want 2 documents and none", found, err)
	}
}

// Documents that the last version stamped have a Space and no variant. They open with any, and what
// is added to them is compared.
func TestEarlierStamps(t *testing.T) {
	shared := &collection{rows: []row{{schema.Document{PageContent: "old", Metadata: map[string]any{store.Key: "fake/m@8"}}, varied(prefixed).Vector(0, "old")}}}
	for _, variant := range []string{"", prefixed} {
		s := open(t, varied(variant), &fake{collection: shared}, cosine)
		if found, err := s.SimilaritySearch(t.Context(), "q", 1); err != nil || len(found) != 1 {
			t.Errorf("%q: got %v and the error %v, want the old document", variant, found, err)
		}
	}
	add(t, open(t, varied(prefixed), &fake{collection: shared}, cosine), "new")
	_, err := open(t, varied(""), &fake{collection: shared}, cosine).SimilaritySearch(t.Context(), "q", 2)
	expect.Says(t, "the error", err, "write prefix=e5 in the reference")
}
