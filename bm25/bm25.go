package bm25

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
)

// The parameters of Anserini's baselines for BEIR.
const (
	k1 = .9
	b  = .4
)

// Hit is one document of a ranking.
type Hit struct {
	ID    string
	Score float64 // comparable only with scores of the same query and ranking
}

// Index finds documents by their words. It is safe for concurrent use.
type Index struct {
	mu       sync.RWMutex
	slots    map[string]int32 // by ID
	docs     []document       // by slot
	postings map[string][]posting
	words    int // of all documents
}

// document is a slot of the Index. A removed document keeps its slot, and its postings, until half
// of the slots are such.
type document struct {
	id      string
	words   int32
	removed bool
}

type posting struct{ slot, times int32 }

// New returns the Index of texts; ids[i] names texts[i]. Of texts with one ID the last counts. It
// keeps neither slice. It panics if there are fewer ids than texts.
func New(ids, texts []string) *Index {
	x := &Index{slots: make(map[string]int32, len(ids)), postings: map[string][]posting{}}
	for i, text := range texts {
		x.Add(ids[i], text)
	}
	return x
}

// Add puts a text into the Index, in place of the one that has its ID.
func (x *Index) Add(id, text string) {
	words := Words(text)
	counts := make(map[string]int32, len(words))
	for _, w := range words {
		counts[w]++
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(id)
	slot := int32(len(x.docs))
	x.slots[id] = slot
	x.docs = append(x.docs, document{id: id, words: int32(len(words))})
	x.words += len(words)
	for w, n := range counts {
		x.postings[w] = append(x.postings[w], posting{slot, n})
	}
}

// Remove takes the text with this ID out of the Index. It ignores an unknown ID.
func (x *Index) Remove(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(id)
}

func (x *Index) remove(id string) {
	slot, ok := x.slots[id]
	if !ok {
		return
	}
	delete(x.slots, id)
	x.words -= int(x.docs[slot].words)
	x.docs[slot] = document{removed: true}
	if len(x.docs) > 2*len(x.slots) {
		x.compact()
	}
}

// compact frees the slots and postings of removed documents.
func (x *Index) compact() {
	docs := make([]document, 0, len(x.slots))
	to := make([]int32, len(x.docs))
	for slot, d := range x.docs {
		to[slot] = int32(len(docs))
		if !d.removed {
			x.slots[d.id] = to[slot]
			docs = append(docs, d)
		}
	}
	postings := make(map[string][]posting)
	for w, list := range x.postings {
		var kept []posting
		for _, p := range list {
			if !x.docs[p.slot].removed {
				kept = append(kept, posting{to[p.slot], p.times})
			}
		}
		if kept != nil {
			postings[w] = kept
		}
	}
	x.docs, x.postings = docs, postings
}

// Search returns the k best documents that share a word with query: the highest score first, equal
// scores by ID in descending order. Scores are above 0. There are fewer than k if fewer documents
// share a word.
func (x *Index) Search(query string, k int) []Hit {
	x.mu.RLock()
	defer x.mu.RUnlock()
	scores := map[int32]float64{}
	n := float64(len(x.slots))
	mean := max(float64(x.words)/n, 1)
	for _, w := range Words(query) {
		with := 0.0 // documents with the word
		for _, p := range x.postings[w] {
			if !x.docs[p.slot].removed {
				with++
			}
		}
		idf := math.Log(1 + (n-with+.5)/(with+.5))
		for _, p := range x.postings[w] {
			if d := x.docs[p.slot]; !d.removed {
				tf := float64(p.times)
				scores[p.slot] += idf * tf / (tf + k1*(1-b+b*(float64(d.words)/mean)))
			}
		}
	}
	hits := make([]Hit, 0, len(scores))
	for slot, score := range scores {
		hits = append(hits, Hit{ID: x.docs[slot].id, Score: score})
	}
	slices.SortFunc(hits, order)
	return hits[:min(max(k, 0), len(hits))]
}

// order compares two hits of a ranking.
func order(a, b Hit) int {
	if c := cmp.Compare(b.Score, a.Score); c != 0 {
		return c
	}
	return strings.Compare(b.ID, a.ID)
}
