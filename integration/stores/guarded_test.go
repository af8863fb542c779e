package stores_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/servers"
	"github.com/vecspace/embedding/middleware"
)

const dimensions = 64

func model(id string, dimensions int) *embedtest.Fake {
	return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: id, Dimensions: dimensions, Limits: embedding.Limits{Texts: 100}}})
}

func batched(e embedding.Embedder) embedding.Embedder {
	return embedding.Chain(e, middleware.Batch(middleware.BatchOptions{Parallel: 2}))
}

// bench is one store under test, on a server that its tests share.
type bench struct {
	kind
	server *servers.Server
	url    string
	seen   int
}

// fresh returns the name of a collection that is not there yet.
func (b *bench) fresh() string {
	b.seen++
	return fmt.Sprintf("coll%d", b.seen)
}

func (b *bench) try(t *testing.T, e embedding.Embedder, collection string) (*store.Store, error) {
	t.Helper()
	open := b.open
	if open == nil { // chromem
		open = func(url, collection string) func(embeddings.Embedder) (vectorstores.VectorStore, error) {
			return openChromem(url, collection, e.Model())
		}
	}
	return store.New(t.Context(), batched(e), open(b.url, collection), b.options)
}

func (b *bench) guard(t *testing.T, e embedding.Embedder, collection string) *store.Store {
	t.Helper()
	s, err := b.try(t, e, collection)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestGuarded is the table: every store through langchaingo's own code, behind the guard.
func TestGuarded(t *testing.T) {
	parts := []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"a thousand documents", thousand}, {"nothing to add", nothing}, {"other dimensions", otherDimensions}, {"another model", anotherModel},
		{"per-call embedder", perCall}, {"deduplicater", deduplicates}, {"twenty goroutines", twenty}, {"provider fails midway", failsMidway},
		{"cancel midway", cancelMidway}, {"wrong score", wrongScore}, {"embedder not used", notUsed}, {"two processes", twoProcesses}, {"remove", remove},
	}
	all := map[string]kind{"chromem": {filter: func(key, value string) any { return map[string]any{key: value} }}}
	for name, k := range kinds {
		all[name] = k
	}
	for name, k := range all {
		t.Run(name, func(t *testing.T) {
			b := &bench{kind: k}
			if k.serve != nil {
				b.server = k.serve(t)
				b.url = b.server.URL
			} else {
				b.url = t.TempDir()
			}
			for _, p := range parts {
				t.Run(p.name, func(t *testing.T) { p.run(t, b) })
			}
		})
	}
}

func thousand(t *testing.T, b *bench) {
	e := model("m", dimensions)
	name := b.fresh()
	docs := corpus(1000)
	s := b.guard(t, e, name)
	ids, err := s.AddDocuments(t.Context(), docs)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ids)
	if n := len(slices.Compact(ids)); n != len(docs) {
		t.Errorf("%d different IDs for %d documents", n, len(docs))
	}
	for _, d := range docs {
		if len(d.Metadata) != 2 {
			t.Fatalf("the caller's metadata was edited: %v", d.Metadata)
		}
	}
	if b.read != nil {
		got := b.read(t, b.url, name)
		for _, d := range docs {
			if want := e.Vector(embedding.TaskDocument, d.PageContent); !same(got[d.PageContent], want, b.normalises) {
				t.Fatalf("%q is stored as %v\nwant %v", d.PageContent, got[d.PageContent], want)
			}
		}
		if len(got) != len(docs) {
			t.Errorf("%d documents are stored", len(got))
		}
	}
	b.search(t, s, e, docs)
	if b.server != nil {
		b.server.Restart(t)
	}
	b.search(t, b.guard(t, e, name), e, docs) // another process's view, after the restart
}

// same compares bits, or to the last but one where the store has normalised a vector that was of length 1 already.
func same(got, want []float32, normalised bool) bool {
	if !normalised || len(got) != len(want) {
		return slices.Equal(got, want)
	}
	for i := range got {
		if math.Abs(float64(got[i]-want[i])) > 1e-7 {
			return false
		}
	}
	return true
}

// search compares searches with what a loop over all documents finds.
func (b *bench) search(t *testing.T, s *store.Store, e *embedtest.Fake, docs []schema.Document) {
	t.Helper()
	hits, wanted := 0, 0
	for _, query := range []string{"Wann fährt die Fähre?", "图书馆什么时候开门?", "quote ' \" \\ 🧾"} {
		q := e.Vector(embedding.TaskQuery, query)
		cosine := map[string]float32{}
		for _, d := range docs {
			cosine[d.PageContent] = embedding.Cosine(q, e.Vector(embedding.TaskDocument, d.PageContent))
		}
		best := func(lang string, over float32) []string {
			var out []string
			for _, d := range docs {
				if (lang == "" || d.Metadata["lang"] == lang) && cosine[d.PageContent] >= over {
					out = append(out, d.PageContent)
				}
			}
			slices.SortFunc(out, func(a, b string) int { return cmp.Compare(cosine[b], cosine[a]) })
			return out[:min(10, len(out))]
		}
		tenth := cosine[best("", -1)[4]] // so that five are over the threshold
		for _, c := range []struct {
			want []string
			opts []vectorstores.Option
		}{
			{best("", -1), nil},
			{best("zh", -1), []vectorstores.Option{vectorstores.WithFilters(b.filter("lang", "zh"))}},
			{best("", tenth-1e-6), []vectorstores.Option{vectorstores.WithScoreThreshold(tenth - 1e-6)}},
		} {
			found, err := s.SimilaritySearch(t.Context(), query, 10, c.opts...)
			if err != nil {
				t.Fatal(err)
			}
			if b.noNegative && b.options.Score == store.OneMinusL2 {
				c.want = slices.DeleteFunc(slices.Clone(c.want), func(text string) bool { return cosine[text] < .5 }) // langchaingo drops them
			}
			wanted += len(c.want)
			for i, d := range found {
				if slices.Contains(c.want, d.PageContent) {
					hits++
				}
				want, ok := cosine[d.PageContent]
				if !ok || math.Abs(float64(d.Score-want)) > 1e-4 {
					t.Errorf("%q has the score %v, want %v", d.PageContent, d.Score, want)
				}
				if i > 0 && d.Score > found[i-1].Score {
					t.Errorf("result %d is nearer than the one before", i)
				}
				if _, ok := d.Metadata[store.Key]; ok {
					t.Error("the stamp is in the results")
				}
				if fmt.Sprint(d.Metadata["lang"]) == "" || d.Metadata["n"] == nil {
					t.Errorf("the metadata is %v", d.Metadata)
				}
			}
			if !b.approximate && len(found) != len(c.want) {
				t.Errorf("%d documents, want %d", len(found), len(c.want))
			}
		}
	}
	t.Logf("%d of %d near documents were found", hits, wanted)
	if least := wanted / 2; !b.approximate && hits != wanted || hits < least { // Chroma's index, as it is set by default, finds about seven in ten of such random vectors
		t.Errorf("%d of %d near documents were found", hits, wanted)
	}
}

func nothing(t *testing.T, b *bench) {
	e := model("m", dimensions)
	s := b.guard(t, e, b.fresh())
	if ids, err := s.AddDocuments(t.Context(), nil); err != nil || len(ids) != 0 {
		t.Error(ids, err)
	}
	if found, err := s.SimilaritySearch(t.Context(), "q", 3); err != nil || len(found) != 0 {
		t.Errorf("a search before the first add: %v, %v", found, err)
	}
}

// count is how many documents the store holds, by its own client.
func (b *bench) count(t *testing.T, collection string) int {
	t.Helper()
	if b.read == nil {
		return -1
	}
	return len(b.read(t, b.url, collection))
}

func otherDimensions(t *testing.T, b *bench) {
	name := b.fresh()
	var late *store.Store
	if b.server != nil { // chromem's folder belongs to one store
		late = b.guard(t, model("m", 32), name) // opened while nothing is in it
	}
	add(t, b.guard(t, model("m", dimensions), name), 0, 20)
	if late != nil {
		_, err := late.AddDocuments(t.Context(), corpus(40)[20:])
		says(t, err, "nothing was written")
		if n := b.count(t, name); n != 20 {
			t.Errorf("%d documents", n)
		}
		if _, err = late.SimilaritySearch(t.Context(), "q", 3); err == nil {
			t.Error("a search with another dimension is not refused")
		}
	}
	_, err := b.try(t, model("m", 32), name)
	says(t, err, "32")
}

func anotherModel(t *testing.T, b *bench) {
	name := b.fresh()
	var late *store.Store
	if b.server != nil {
		late = b.guard(t, model("other", dimensions), name)
	}
	add(t, b.guard(t, model("m", dimensions), name), 0, 20)
	if late != nil {
		_, err := late.AddDocuments(t.Context(), corpus(40)[20:])
		says(t, err, "nothing was written", `"fake/m@64"`, `"fake/other@64"`)
		if n := b.count(t, name); n != 20 {
			t.Errorf("%d documents", n)
		}
		found, err := late.SimilaritySearch(t.Context(), "q", 20)
		if _, ok := errors.AsType[*store.SpaceError](err); !ok && (!b.noNegative || len(found) > 0) {
			t.Errorf("%v, %v", found, err)
		}
	}
	_, err := b.try(t, model("other", dimensions), name)
	says(t, err, `fake/m@64"`, `fake/other@64"`)
}

func add(t *testing.T, s *store.Store, from, to int) {
	t.Helper()
	if _, err := s.AddDocuments(t.Context(), corpus(to)[from:]); err != nil {
		t.Fatal(err)
	}
}

func perCall(t *testing.T, b *bench) {
	e, same := model("m", dimensions), model("m", dimensions)
	s := b.guard(t, e, b.fresh())
	other := vectorstores.WithEmbedder(langchaingo.New(batched(same)))
	if _, err := s.AddDocuments(t.Context(), corpus(20), other); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SimilaritySearch(t.Context(), "q", 3, other); err != nil {
		t.Fatal(err)
	}
	if len(e.Calls()) != 0 || same.Billed("q") != 1 {
		t.Errorf("the embedder of the call was not used")
	}
	_, err := s.AddDocuments(t.Context(), corpus(20), vectorstores.WithEmbedder(langchaingo.New(model("other", dimensions))))
	says(t, err, `"fake/other@64"`)
}

func deduplicates(t *testing.T, b *bench) {
	e := model("m", dimensions)
	s := b.guard(t, e, b.fresh())
	docs := corpus(20)
	ids, err := s.AddDocuments(t.Context(), docs, vectorstores.WithDeduplicater(func(_ context.Context, d schema.Document) bool { return d.Metadata["lang"] == "de" }))
	if err != nil || len(ids) != 17 || e.Billed(docs[1].PageContent) != 0 {
		t.Errorf("%d IDs, %v", len(ids), err)
	}
}

func twenty(t *testing.T, b *bench) {
	e := model("m", dimensions)
	name := b.fresh()
	s := b.guard(t, e, name)
	docs := corpus(200)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := s.AddDocuments(t.Context(), docs[10*i:10*i+10]); err != nil {
				t.Error(err)
			}
			found, err := s.SimilaritySearch(t.Context(), docs[10*i].PageContent, 3)
			if err != nil || len(found) == 0 && !b.noNegative {
				t.Error(found, err)
			}
		})
	}
	wg.Wait()
	if n := b.count(t, name); n != 200 && n != -1 {
		t.Errorf("%d documents", n)
	}
}

func failsMidway(t *testing.T, b *bench) {
	var calls atomic.Int32
	e := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "m", Dimensions: dimensions, Limits: embedding.Limits{Texts: 10}}, Script: func(embedtest.Call) embedtest.Reply {
		if calls.Add(1) > 5 {
			return embedtest.Reply{Err: embedding.Exhausted}
		}
		return embedtest.Reply{}
	}})
	name := b.fresh()
	docs := corpus(100)
	ids, err := b.guard(t, e, name).AddDocuments(t.Context(), docs)
	says(t, err, "50 of 100 documents are stored")
	if !errors.Is(err, embedding.Exhausted) || len(ids) != 100 {
		t.Errorf("%d IDs, %v", len(ids), err)
	}
	stored := map[string][]float32{}
	if b.read != nil {
		stored = b.read(t, b.url, name)
	}
	var rest []schema.Document
	for i, id := range ids {
		if _, ok := stored[docs[i].PageContent]; b.read != nil && ok != (id != "") {
			t.Errorf("document %d has the ID %q, and stored is %v", i, id, ok)
		}
		if id == "" {
			rest = append(rest, docs[i])
		}
	}
	// What the error says is enough to go on: the documents without an ID, and no other.
	if _, err := b.guard(t, model("m", dimensions), name).AddDocuments(t.Context(), rest); err != nil {
		t.Fatal(err)
	}
	if n := b.count(t, name); n != 100 && n != -1 {
		t.Errorf("%d documents", n)
	}
}

func cancelMidway(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	e := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "m", Dimensions: dimensions, Limits: embedding.Limits{Texts: 10}}, Script: func(embedtest.Call) embedtest.Reply {
		if calls.Add(1) == 5 {
			cancel()
		}
		return embedtest.Reply{}
	}})
	name := b.fresh()
	s := b.guard(t, e, name)
	_, err := s.AddDocuments(ctx, corpus(100))
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !errors.Is(err, context.Canceled) || !ok || p.Response.Usage.Requests < 3 {
		t.Fatalf("%v", err)
	}
	says(t, err, "nothing was written")
	add(t, s, 0, 20)
	if n := b.count(t, name); n != 20 && n != -1 {
		t.Errorf("%d documents", n)
	}
}

func wrongScore(t *testing.T, b *bench) {
	wrong := *b
	wrong.options.Score = store.Certainty
	s := wrong.guard(t, model("m", dimensions), b.fresh())
	_, err := s.AddDocuments(t.Context(), corpus(20))
	right := cmp.Or(b.options.Score, store.Cosine)
	if strings.Contains(fmt.Sprintf("%T", s.Unwrap()), "redis") {
		right = store.Distance
	}
	says(t, err, "20 documents were written", fmt.Sprintf("Options.Score is Certainty and should be %v", right))
}

func notUsed(t *testing.T, b *bench) {
	if b.server == nil {
		t.Skip("chromem does not ask for what it does not need")
	}
	e := model("m", dimensions)
	own := langchaingo.New(model("theirs", dimensions))
	_, err := store.New(t.Context(), e, func(embeddings.Embedder) (vectorstores.VectorStore, error) { return b.open(b.url, b.fresh())(own) }, b.options)
	says(t, err, "without asking the embedder")
}

func remove(t *testing.T, b *bench) {
	if b.remove == nil {
		t.Skip("langchaingo's interface has none; the adapter's own tests have Delete")
	}
	name := b.fresh()
	s := b.guard(t, model("m", dimensions), name)
	add(t, s, 0, 20)
	if err := b.remove(s.Unwrap(), name); err != nil {
		t.Fatal(err)
	}
	// It is gone, so another model may have the name.
	again := b.guard(t, model("other", dimensions), name)
	add(t, again, 0, 20)
	if n := b.count(t, name); n != 20 {
		t.Errorf("%d documents", n)
	}
}
