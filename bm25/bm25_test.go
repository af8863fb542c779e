package bm25

import (
	"testing"
)

func TestSearch(t *testing.T) {
	x := New([]string{"1", "2", "3"}, []string{"red apple", "green apple tree", ""})
	hits := x.Search("apple trees", 10)
	if len(hits) != 2 || hits[0].ID != "2" || hits[0].Score <= hits[1].Score {
		t.Errorf("got %v, want document 2 before 1", hits)
	}
	if hits := x.Search("apple", 1); len(hits) != 1 || hits[0].ID != "1" {
		t.Errorf("the shorter document is not first: %v", hits)
	}
	if hits := x.Search("apple", -1); len(hits) != 0 {
		t.Errorf("k of -1: got %v, want nothing", hits)
	}
	same := New([]string{"a", "c", "b"}, []string{"pear", "pear", "pear"}).Search("pear", 2)
	if len(same) != 2 || same[0].ID != "c" || same[1].ID != "b" {
		t.Errorf("equal scores: got %v, want c before b", same)
	}
	if hits := x.Search("nothing", 5); len(hits) != 0 {
		t.Errorf("got %v, want nothing", hits)
	}
}
