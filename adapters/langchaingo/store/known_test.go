package store_test

import (
	"testing"

	"github.com/vecspace/embedding/adapters/langchaingo/store"
)

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
