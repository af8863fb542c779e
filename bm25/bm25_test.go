package bm25

import (
	"slices"
	"testing"
)

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"The Cells of the bodies, glasses!": {"cell", "body", "glasse"},
		"向量检索 API2":                         {"向量", "量检", "检索", "api2"},
		"好 和":                               {"好", "和"},
		" \n":                               nil,
	} {
		if got := Words(text); !slices.Equal(got, want) {
			t.Errorf("Words(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestSearch(t *testing.T) {
	x := New([]string{"1", "2", "3"}, []string{"red apple", "green apple tree", ""})
	hits := x.Search("apple trees", 10)
	if len(hits) != 2 || hits[0].ID != "2" || hits[0].Score <= hits[1].Score {
		t.Errorf("got %v, want document 2 before 1", hits)
	}
	if hits := x.Search("apple", 1); len(hits) != 1 || hits[0].ID != "1" {
		t.Errorf("the shorter document is not first: %v", hits)
	}
	if hits := x.Search("nothing", 5); len(hits) != 0 {
		t.Errorf("got %v, want nothing", hits)
	}
}
