package store_test

import (
	"testing"

	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/internal/expect"
)

func TestOtherDimensionsAreRefused(t *testing.T) {
	for name, f := range map[string]fake{"passes over": {passesOver: true}, "refuses": {refusesOther: true}} {
		t.Run(name, func(t *testing.T) {
			f.collection = &collection{}
			one, two, three := f, f, f
			late := open(t, model("m", 16), &two, cosine)
			add(t, open(t, model("m", 8), &one, cosine), "a")
			_, err := late.AddDocuments(t.Context(), docs("c"))
			expect.Says(t, "the error", err, "nothing was written")
			expect.Equal(t, "documents", len(f.rows), 1)
			_, err = late.SimilaritySearch(t.Context(), "q", 1)
			expect.Says(t, "the error", err, "8")
			// The user asserts that they have the same Space, but they cannot.
			o := cosine
			o.Unstamped = true
			delete(f.rows[0].doc.Metadata, store.Key)
			_, err = try(t, model("m", 16), &three, o)
			expect.Says(t, "the error", err, "16")
		})
	}
}
