package chromem_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/bm25"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

// TestWords: a code that the model blurs is found by its word, and the rest by meaning.
func TestWords(t *testing.T) {
	e, err := static.New(static.Options{})
	expect.NoError(t, err)
	docs := []schema.Document{
		doc("Error E1041: the disk is full, delete old files", map[string]any{"name": "E1041", "part": "disk"}),
		doc("Error E1047: the disk is worn and must be replaced", map[string]any{"name": "E1047", "part": "disk"}),
		doc("Error E2047: the fan does not turn, clean it", map[string]any{"name": "E2047", "part": "fan"}),
		doc("How to bake bread at home", map[string]any{"name": "bread", "part": "kitchen"}),
	}
	by := map[string]*chromem.Store{"meaning": open(t, e, chromem.Options{}), "both": open(t, e, chromem.Options{Words: bm25.Weight})}
	for _, s := range by {
		add(t, s, docs...)
	}
	search := func(store, query string, k int, o ...vectorstores.Option) []schema.Document {
		got, err := by[store].SimilaritySearch(t.Context(), query, k, o...)
		expect.NoError(t, err)
		return got
	}
	const query = "delete files, or what does E2047 mean"
	if got := names(search("meaning", query, 1)); !slices.Equal(got, []string{"E1041"}) {
		t.Fatalf("by meaning alone: got %v, want what the words do not name, or the query shows nothing", got)
	}
	if got := names(search("both", "E2047", 4)); got[0] != "E2047" || len(got) != 4 {
		t.Errorf("a code: got %v, want its document first and all four", got)
	}
	expect.Equal(t, "a query that shares no word", names(search("both", "cooking", 1)), []string{"bread"})
	for _, query := range []string{"cooking", "the and of", "?!"} {
		expect.Equal(t, query+", which shares no word", names(search("both", query, 4)), names(search("meaning", query, 4)))
	}

	// Scores are cosines whatever the order is, and thresholds compare them.
	cosines := map[string]float32{}
	for _, d := range search("meaning", query, 4) {
		cosines[byName(d)] = d.Score
	}
	for _, d := range search("both", query, 4) {
		expect.Equal(t, "the score of "+byName(d), d.Score, cosines[byName(d)])
	}
	least := slices.Sorted(maps.Values(cosines))[1]
	got := search("both", query, 4, vectorstores.WithScoreThreshold(least))
	if len(got) != 3 {
		t.Errorf("a threshold of %v: got %v, want three documents", least, names(got))
	}

	// A filter leaves out documents, which both parts have found, and nothing else changes.
	disks := vectorstores.WithFilters(map[string]any{"part": "disk"})
	if got := names(search("both", "E2047 fan", 4, disks)); len(got) != 2 || slices.Contains(got, "E2047") {
		t.Errorf("filtered: got %v, want the two disks", got)
	}
	for _, query := range []string{"E1047", "E2047", query, "cooking"} {
		want := slices.DeleteFunc(search("both", query, 4), func(d schema.Document) bool { return d.Metadata["part"] != "disk" })
		expect.Equal(t, query+", filtered", names(search("both", query, 4, disks)), names(want))
	}
	for _, none := range []any{map[string]any{"part": nil}, map[string]any{"part": 1}, map[string]string{"absent": ""}} {
		if got := search("both", "E1047", 4, vectorstores.WithFilters(none)); len(got) != 0 {
			t.Errorf("filtered by %v: got %v, want nothing", none, names(got))
		}
	}

	for _, weight := range []float64{-1, math.NaN(), math.Inf(1)} {
		_, err := chromem.New(e, chromem.Options{Words: weight})
		expect.Says(t, fmt.Sprintf("a weight of %v", weight), err, "Options.Words")
	}
	if got, err := open(t, e, chromem.Options{Words: 1}).SimilaritySearch(t.Context(), "anything", 3); err != nil || len(got) != 0 {
		t.Errorf("an empty store: got %v, %v, want nothing", got, err)
	}
}

// rest is a plain model of a Store: names and documents.
type rest map[string]schema.Document

// agrees holds a Store against one in memory that was filled once.
func (r rest) agrees(t *testing.T, e embedding.Embedder, s *chromem.Store, queries ...string) {
	t.Helper()
	fresh := open(t, e, chromem.Options{ID: byName, Words: bm25.Weight})
	if len(r) > 0 {
		add(t, fresh, slices.Collect(maps.Values(r))...)
	}
	for _, query := range queries {
		for _, o := range [][]vectorstores.Option{nil, {vectorstores.WithFilters(map[string]any{"even": true})}} {
			want, err := fresh.SimilaritySearch(t.Context(), query, 20, o...)
			expect.NoError(t, err)
			got, err := s.SimilaritySearch(t.Context(), query, 20, o...)
			expect.NoError(t, err)
			if !slices.EqualFunc(got, want, func(a, b schema.Document) bool {
				return byName(a) == byName(b) && a.PageContent == b.PageContent && a.Score == b.Score
			}) {
				t.Fatalf("%q: got %v, want %v", query, names(got), names(want))
			}
		}
	}
}

// TestWordsStayRight: after any adds, replacements, deletions, reopenings and changes by another
// Store, a search finds what it finds in a new Store with the same documents.
func TestWordsStayRight(t *testing.T) {
	e, err := static.New(static.Options{})
	expect.NoError(t, err)
	vocabulary := strings.Fields("disk fan error E1047 E1041 bread oven bicycle tire chain rome empire replace clean")
	random := rand.New(rand.NewPCG(1, 9))
	text := func(n int) string {
		var out []string
		for range n {
			out = append(out, vocabulary[random.IntN(len(vocabulary))])
		}
		return strings.Join(out, " ")
	}
	o := chromem.Options{Dir: filepath.Join(t.TempDir(), "index"), ID: byName, Words: bm25.Weight}
	s, docs := open(t, e, o), rest{}
	for step := range 60 {
		name := fmt.Sprint(random.IntN(25))
		switch random.IntN(6) {
		case 0, 1, 2:
			docs[name] = doc(text(4), map[string]any{"name": name, "even": step%2 == 0})
			add(t, s, docs[name])
		case 3:
			if d, ok := docs[name]; ok { // its metadata alone
				docs[name] = doc(d.PageContent, map[string]any{"name": name, "even": step%2 == 0})
				add(t, s, docs[name])
			}
		case 4:
			delete(docs, name)
			expect.NoError(t, s.Delete(t.Context(), []string{name, "nobody"}))
		case 5:
			if step%2 == 0 {
				s = open(t, e, o)
				break
			}
			other := open(t, e, chromem.Options{Dir: o.Dir, ID: byName}) // without words
			docs[name] = doc(text(5), map[string]any{"name": name, "even": true})
			add(t, other, docs[name])
			unlock, err := s.Lock() // which brings s up to date
			expect.NoError(t, err)
			unlock()
		}
		docs.agrees(t, e, s, text(2), "E1047")
	}
}

// TestWordsFindEveryDocument: a search for all finds all, and the first ten do not depend on k.
func TestWordsFindEveryDocument(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	s := open(t, f, chromem.Options{ID: byName, Words: bm25.Weight})
	var docs []schema.Document
	for i := range 300 {
		docs = append(docs, doc(fmt.Sprintf("text %d", i%100), map[string]any{"name": fmt.Sprint(i)}))
	}
	add(t, s, docs...)
	all, err := s.SimilaritySearch(t.Context(), "text 7", math.MaxInt)
	expect.NoError(t, err)
	seen := map[string]bool{}
	for _, d := range all {
		seen[byName(d)] = true
	}
	expect.Equal(t, "documents", len(seen), len(docs))
	expect.Equal(t, "hits", len(all), len(docs))
	ten, err := s.SimilaritySearch(t.Context(), "text 7", 10)
	expect.NoError(t, err)
	expect.Equal(t, "the first 10 of all", names(ten), names(all[:10]))
	if i := slices.Index(names(all), "107"); !slices.Equal(names(all[i:i+3]), []string{"107", "207", "7"}) {
		t.Errorf("equal documents: got %v, want the order of their IDs", names(all[i:i+3]))
	}
}

// BenchmarkSearch measures a search in 10,000 documents of 50 words and 256 dimensions.
func BenchmarkSearch(b *testing.B) {
	f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 256}})
	random := rand.New(rand.NewPCG(1, 1))
	docs := make([]schema.Document, 10_000)
	for i := range docs {
		var words []string
		for range 50 {
			words = append(words, fmt.Sprint("w", int(20_000*math.Pow(random.Float64(), 4))))
		}
		docs[i] = doc(strings.Join(words, " "), nil)
	}
	for _, weight := range []float64{0, bm25.Weight} {
		b.Run(fmt.Sprintf("words=%g", weight), func(b *testing.B) {
			s, err := chromem.New(f, chromem.Options{Words: weight})
			expect.NoError(b, err)
			_, err = s.AddDocuments(b.Context(), docs)
			expect.NoError(b, err)
			for b.Loop() {
				_, err := s.SimilaritySearch(context.Background(), "w1 w50 w300 w4000", 10)
				expect.NoError(b, err)
			}
		})
	}
}
