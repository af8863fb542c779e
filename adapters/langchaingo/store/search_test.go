package store_test

import (
	"testing"

	"github.com/tmc/langchaingo/vectorstores"
)

func TestFilterAndRetriever(t *testing.T) {
	s := open(t, model("m", 8), &fake{}, cosine)
	add(t, s, "a", "b", "c")
	found, err := vectorstores.ToRetriever(s, 3, vectorstores.WithFilters(map[string]any{"n": 1})).GetRelevantDocuments(t.Context(), "q")
	if err != nil || len(found) != 1 || found[0].PageContent != "b" {
		t.Errorf("got %v and the error %v, want document b and none", found, err)
	}
	if found, err = s.SimilaritySearch(t.Context(), "q", 3, vectorstores.WithFilters(map[string]any{"n": 7})); err != nil || len(found) != 0 {
		t.Errorf("a filter that matches nothing: got %v and the error %v, want nothing and none", found, err)
	}
}
