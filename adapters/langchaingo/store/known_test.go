package store_test

import (
	"testing"

	"github.com/vecspace/embedding/adapters/langchaingo/store"
)

func TestMissing(t *testing.T) {
	o := store.Options{Score: store.Cosine, Missing: func(err error) bool { return err.Error() == "no such thing" }}
	s := open(t, model("m", 8), &fake{missing: true}, o)
	if found, err := s.SimilaritySearch(t.Context(), "q", 3); err != nil || len(found) != 0 {
		t.Errorf("search before the first add: got %v and the error %v, want nothing and none", found, err)
	}
	add(t, s, "a")
	if found, err := s.SimilaritySearch(t.Context(), "q", 3); err != nil || len(found) != 1 {
		t.Errorf("search after the first add: got %v and the error %v, want one document and none", found, err)
	}
}
