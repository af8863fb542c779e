// Package guarded is one table of tests for every vector store of langchaingo behind the guard of
// adapters/langchaingo/store, for the stores of integration/stores and the slow ones.
package guarded

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
)

// Opening opens a store with an embedder.
type Opening = func(embeddings.Embedder) (vectorstores.VectorStore, error)

// Kind is a sort of vector store.
type Kind struct {
	Name    string
	Serve   func(testing.TB) *servers.Server // nil: it is a folder, which belongs to one process
	Open    func(url, collection string, m embedding.Model) Opening
	Options store.Options
	Score   store.Score // what its scores are if Options leave that to the guard; Auto means Cosine
	Filter  func(key, value string) any
	// Read returns the vectors of a collection by the store's own client; nil: they are not looked at.
	Read func(t testing.TB, url, collection string) map[string][]float32
	// Remove removes the collection through langchaingo; nil: it cannot.
	Remove func(v vectorstores.VectorStore, collection string) error

	Approximate bool // it may miss a near document
	Normalises  bool // it keeps a copy of length 1
	NoNegative  bool // it leaves out results of a negative score
	NoIDs       bool // it returns none
	Makes       bool // a search makes the collection, of the query's dimensions
}

// Dimensions of Model's vectors, where nothing else is said.
const Dimensions = 64

// Model returns an embedder of a space and dimensions.
func Model(id string, dimensions int) *embedtest.Fake {
	return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: id, Dimensions: dimensions, Limits: embedding.Limits{Texts: 100}}})
}

// Batched returns e for any number of texts.
func Batched(e embedding.Embedder) embedding.Embedder {
	return embedding.Chain(e, middleware.Batch(middleware.BatchOptions{Parallel: 2}))
}

// Bench is one store under test, on a server that its tests share.
type Bench struct {
	Kind
	Server *servers.Server
	URL    string // or folder
	seen   int
}

// Serve starts the server of a kind.
func Serve(t testing.TB, k Kind) *Bench {
	t.Helper()
	if k.Serve == nil {
		return &Bench{Kind: k, URL: t.TempDir()}
	}
	s := k.Serve(t)
	return &Bench{Kind: k, Server: s, URL: s.URL}
}

// fresh returns the name of a collection that is not there yet, and is not the beginning of
// another. Weaviate wants a capital letter.
func (b *Bench) fresh() string {
	b.seen++
	return fmt.Sprintf("Coll%03d", b.seen)
}

// Try opens a collection behind the guard.
func (b *Bench) Try(t testing.TB, e embedding.Embedder, collection string) (*store.Store, error) {
	t.Helper()
	return store.New(t.Context(), Batched(e), b.Open(b.URL, collection, e.Model()), b.Options)
}

// Guard is Try that must succeed.
func (b *Bench) Guard(t testing.TB, e embedding.Embedder, collection string) *store.Store {
	t.Helper()
	s, err := b.Try(t, e, collection)
	expect.NoError(t, err)
	return s
}

// Count is how many documents the store holds, by its own client; -1 if nobody can tell.
func (b *Bench) Count(t testing.TB, collection string) int {
	t.Helper()
	if b.Read == nil {
		return -1
	}
	return len(b.Read(t, b.URL, collection))
}

// Test is the table. The test binary must have a test that calls Child.
func Test(t *testing.T, k Kind) {
	b := Serve(t, k)
	for _, p := range []struct {
		name string
		run  func(*testing.T, *Bench)
	}{
		{"a thousand documents", thousand}, {"nothing to add", nothing}, {"other dimensions", otherDimensions}, {"another model", anotherModel},
		{"per-call embedder", perCall}, {"deduplicater", deduplicates}, {"twenty goroutines", twenty}, {"provider fails midway", failsMidway},
		{"cancel midway", cancelMidway}, {"wrong score", wrongScore}, {"embedder not used", notUsed}, {"two processes", twoProcesses}, {"remove", remove},
	} {
		t.Run(p.name, func(t *testing.T) { p.run(t, b) })
	}
}

// Keep notes a document's vector, for Read; there is one document of a text.
func Keep(t testing.TB, out map[string][]float32, text string, v []float32) {
	t.Helper()
	if _, twice := out[text]; twice {
		t.Errorf("%.40q is stored twice", text)
	}
	out[text] = v
}

// Add adds documents of the corpus.
func Add(t testing.TB, s *store.Store, from, to int) {
	t.Helper()
	_, err := s.AddDocuments(t.Context(), Corpus(to)[from:])
	expect.NoError(t, err)
}

// Corpus returns n different documents of eight languages, with what stores may trip over.
func Corpus(n int) []schema.Document {
	forms := map[string]string{
		"en": "Notice %d: it's 5 o'clock; the \"ferry\" leaves\nat half past seven",
		"de": "Mitteilung %d: die Prüfung der Heizungsanlage ergab keine Mängel",
		"zh": "通知 %d:这座桥建于一九三二年,至今仍在使用。",
		"ru": "Объявление %d: поезд опоздал из-за снегопада",
		"ar": "إعلان %d: المكتبة مفتوحة للجميع",
		"ja": "お知らせ %d: 庭の梅が咲き始めました",
		"hi": "सूचना %d: बाज़ार में बहुत भीड़ थी",
		"xx": "🧾 %d '); DROP TABLE e; -- {\"$ne\": 1} @lang:{de} \\ %%s \u202e",
	}
	langs := slices.Sorted(maps.Keys(forms))
	out := make([]schema.Document, n)
	for i := range out {
		lang := langs[i%len(langs)]
		out[i] = schema.Document{PageContent: fmt.Sprintf(forms[lang], i), Metadata: map[string]any{"lang": lang, "n": i}}
	}
	return out
}
