package bm25

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
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
	expect.Equal(t, "hits for a k of -1", len(x.Search("apple", -1)), 0)
	same := New([]string{"a", "c", "b"}, []string{"pear", "pear", "pear"}).Search("pear", 2)
	if len(same) != 2 || same[0].ID != "c" || same[1].ID != "b" {
		t.Errorf("equal scores: got %v, want c before b", same)
	}
	expect.Equal(t, "hits", len(x.Search("nothing", 5)), 0)
}

// An Index that documents came to and left finds what an Index finds that is made of the rest.
func TestIndexThatChanges(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	vocabulary := strings.Fields("apple pear plum tree leaf root red green blue ripe sweet sour")
	text := func() string {
		var words []string
		for range random.IntN(9) {
			words = append(words, vocabulary[int(float64(len(vocabulary))*random.Float64()*random.Float64())])
		}
		return strings.Join(words, " ")
	}
	x, texts := New(nil, nil), map[string]string{}
	for step := range 3000 {
		id := strconv.Itoa(random.IntN(60))
		// By turns it grows, shrinks until slots are given back, and has its texts replaced.
		if add := step/300%2 == 0; add || random.IntN(10) == 0 {
			texts[id] = text()
			x.Add(id, texts[id])
		} else {
			delete(texts, id)
			x.Remove(id)
		}
		if step%7 != 0 {
			continue
		}
		var ids, all []string
		for id, text := range texts {
			ids, all = append(ids, id), append(all, text)
		}
		query := text() + " apple"
		got, want := x.Search(query, 100), New(ids, all).Search(query, 100)
		if !slices.Equal(got, want) {
			t.Fatalf("step %d, query %q: got %v, want %v", step, query, got, want)
		}
		if len(x.docs) > 2*len(texts)+1 {
			t.Fatalf("step %d: %d slots for %d documents", step, len(x.docs), len(texts))
		}
	}
	for id := range texts {
		x.Remove(id)
	}
	if hits := x.Search("apple", 9); len(hits) != 0 || len(x.docs) != 0 || len(x.postings) != 0 {
		t.Errorf("all removed: got %v, %d slots and %d words, want nothing", hits, len(x.docs), len(x.postings))
	}
}

func TestIDTwice(t *testing.T) {
	x := New([]string{"a", "b", "a"}, []string{"pear", "pear", "plum"})
	if hits := x.Search("plum", 9); len(hits) != 1 || hits[0].ID != "a" {
		t.Errorf("got %v, want the last text of a", hits)
	}
	if hits := x.Search("pear", 9); len(hits) != 1 || hits[0].ID != "b" {
		t.Errorf("got %v, want b alone", hits)
	}
}

func TestConcurrentUse(t *testing.T) {
	x := New([]string{"stays"}, []string{"an apple"})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				id := strconv.Itoa(g) + "/" + strconv.Itoa(i%10)
				x.Add(id, "a pear")
				if hits := x.Search("apple", 5); len(hits) != 1 || hits[0].ID != "stays" {
					t.Errorf("got %v, want the document that stays", hits)
				}
				x.Remove(id)
			}
		})
	}
	wg.Wait()
}
