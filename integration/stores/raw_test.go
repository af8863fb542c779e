package stores_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/pgvector"

	"github.com/vecspace/embedding/adapters/langchaingo"
)

// TestLangchaingoAsItIs is what the stores do without the guard: the left half of the matrix of docs/stores.md. It fails when
// langchaingo, or a server, mends something, so that the matrix stays true.
func TestLangchaingoAsItIs(t *testing.T) {
	want := map[string]map[string]string{
		"pgvector": {
			"query embedded as": "query", "score of the cosine 0.6": "0.6", "adds nothing": "no error", "adds other dimensions": "no error", "stores other dimensions": "yes",
			"searches other dimensions": "nothing, no error", "searches another model": "finds", "embedder of the add": "used", "embedder of the search": "used", "edits metadata": "no",
			"deduplicater": "used", "threshold over all": "finds nothing",
		},
		"chroma": {
			"query embedded as": "document", "score of the cosine 0.6": "0.6", "adds nothing": "ids cannot be empty", "adds other dimensions": "500", "stores other dimensions": "no",
			"searches other dimensions": "400 Bad Request", "searches another model": "finds", "embedder of the add": "unsupported options", "embedder of the search": "unsupported options", "edits metadata": "no",
			"deduplicater": "ignored", "threshold over all": "finds nothing",
		},
		"chroma by default": {
			"query embedded as": "document", "score of the cosine 0.6": "0.2", "adds nothing": "ids cannot be empty", "adds other dimensions": "500", "stores other dimensions": "no",
			"searches other dimensions": "400 Bad Request", "searches another model": "finds nothing", "embedder of the add": "unsupported options", "embedder of the search": "unsupported options", "edits metadata": "no",
			"deduplicater": "ignored", "threshold over all": "finds nothing",
		},
		"redisvector": {
			"query embedded as": "query", "score of the cosine 0.6": "0.4", "adds nothing": "panic: runtime error: index out of range", "adds other dimensions": "no error", "stores other dimensions": "yes",
			"searches other dimensions": "query vector blob size", "searches another model": "finds", "embedder of the add": "ignored", "embedder of the search": "used", "edits metadata": "yes",
			"deduplicater": "ignored", "threshold over all": "finds nothing",
		},
	}
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			server := k.serve(t)
			got := asItIs(t, k, server.URL)
			for what, is := range got {
				if w, ok := want[name][what]; !ok || !strings.Contains(is, w) {
					t.Errorf("%s: %q, want %q", what, is, w)
				}
			}
			if len(got) != len(want[name]) {
				t.Errorf("%d properties, want %d", len(got), len(want[name]))
			}
		})
	}
}

func outcome(found []schema.Document, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case len(found) == 0:
		return "finds nothing, no error"
	}
	return "finds"
}

// flat is an embedder of two dimensions for scores that are known.
type flat struct{ by map[string][]float32 }

func (f flat) EmbedDocuments(_ context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		out[i] = slices.Clone(f.by[text])
	}
	return out, nil
}

func (f flat) EmbedQuery(_ context.Context, text string) ([]float32, error) {
	return slices.Clone(f.by[text]), nil
}

func asItIs(t *testing.T, k kind, url string) map[string]string {
	got := map[string]string{}
	must := func(v vectorstores.VectorStore, err error) vectorstores.VectorStore {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	ctx := t.Context()

	known := must(k.open(url, "known")(flat{map[string][]float32{"doc": {.6, .8}, "q": {1, 0}}}))
	if _, err := known.AddDocuments(ctx, []schema.Document{{PageContent: "doc", Metadata: map[string]any{"lang": "en"}}}); err != nil {
		t.Fatal(err)
	}
	found, err := known.SimilaritySearch(ctx, "q", 1)
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	got["score of the cosine 0.6"] = fmt.Sprint(math.Round(float64(found[0].Score)*1e4) / 1e4)
	got["threshold over all"] = outcome(known.SimilaritySearch(ctx, "q", 1, vectorstores.WithScoreThreshold(.7)))

	e := model("m", dimensions)
	s := must(k.open(url, "main")(langchaingo.New(batched(e))))
	docs := corpus(20)
	if _, err := s.AddDocuments(ctx, docs); err != nil {
		t.Fatal(err)
	}
	got["edits metadata"] = map[bool]string{true: "no", false: "yes"}[len(docs[0].Metadata) == 2]
	before := len(e.Calls())
	if _, err := s.SimilaritySearch(ctx, "q", 3); err != nil {
		t.Fatal(err)
	}
	got["query embedded as"] = e.Calls()[before].Request.Task.String()
	got["adds nothing"] = nothingAdded(s)
	got["searches another model"] = outcome(must(k.open(url, "main")(langchaingo.New(model("other", dimensions)))).SimilaritySearch(ctx, "q", 20))

	short := must(k.open(url, "main")(langchaingo.New(model("m", 32))))
	_, err = short.AddDocuments(ctx, []schema.Document{{PageContent: "short", Metadata: map[string]any{"lang": "en", "n": 1}}})
	if got["adds other dimensions"] = "no error"; err != nil {
		got["adds other dimensions"] = err.Error()
	}
	_, stored := k.read(t, url, "main")["short"]
	got["stores other dimensions"] = map[bool]string{true: "yes", false: "no"}[stored]
	third := must(k.open(url, "main")(langchaingo.New(model("m", 16))))
	got["searches other dimensions"] = strings.Replace(outcome(third.SimilaritySearch(ctx, "q", 3)), "finds nothing", "nothing", 1)

	same := model("m", dimensions)
	per := vectorstores.WithEmbedder(langchaingo.New(same))
	got["embedder of the add"], got["embedder of the search"] = "ignored", "ignored"
	if _, err := s.AddDocuments(ctx, []schema.Document{{PageContent: "per call", Metadata: map[string]any{"lang": "en", "n": 1}}}, per); err != nil {
		got["embedder of the add"] = err.Error()
	} else if same.Billed("per call") > 0 {
		got["embedder of the add"] = "used"
	}
	if _, err := s.SimilaritySearch(ctx, "per call query", 1, per); err != nil {
		got["embedder of the search"] = err.Error()
	} else if same.Billed("per call query") > 0 {
		got["embedder of the search"] = "used"
	}
	asked := false
	if _, err := s.AddDocuments(ctx, []schema.Document{{PageContent: "dedup", Metadata: map[string]any{"lang": "en", "n": 1}}},
		vectorstores.WithDeduplicater(func(context.Context, schema.Document) bool { asked = true; return false })); err != nil {
		t.Fatal(err)
	}
	got["deduplicater"] = map[bool]string{true: "used", false: "ignored"}[asked]
	return got
}

func nothingAdded(s vectorstores.VectorStore) (what string) {
	defer func() {
		if p := recover(); p != nil {
			what = fmt.Sprint("panic: ", p)
		}
	}()
	if _, err := s.AddDocuments(context.Background(), nil); err != nil {
		return err.Error()
	}
	return "no error"
}

// TestRedisStoresWhatItDoesNotIndex: what redisvector stores with another dimension is a hash that no search finds.
func TestRedisStoresWhatItDoesNotIndex(t *testing.T) {
	k := kinds["redisvector"]
	server := k.serve(t)
	s, err := k.open(server.URL, "x")(langchaingo.New(model("m", dimensions)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddDocuments(t.Context(), corpus(5)); err != nil {
		t.Fatal(err)
	}
	short, err := k.open(server.URL, "x")(langchaingo.New(model("m", 32)))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := short.AddDocuments(t.Context(), corpus(6)[5:])
	if err != nil || len(ids) != 1 {
		t.Fatalf("it is mended: %v, %v", ids, err)
	}
	found, err := s.SimilaritySearch(t.Context(), "q", 10)
	if err != nil || len(found) != 5 || len(k.read(t, server.URL, "x")) != 6 {
		t.Errorf("%d of %d documents are found, %v", len(found), len(k.read(t, server.URL, "x")), err)
	}
}

// TestRedisIndexesWhoseNamesBeginAlike: an index finds the documents of others whose names begin with its own, and takes them along when it is
// dropped with its documents. The guard refuses what it finds of them.
func TestRedisIndexesWhoseNamesBeginAlike(t *testing.T) {
	b := &bench{kind: kinds["redisvector"], server: kinds["redisvector"].serve(t)}
	b.url = b.server.URL
	add(t, b.guard(t, model("m", dimensions), "notes"), 0, 5)
	add(t, b.guard(t, model("m", dimensions), "notes_old"), 5, 10)
	add(t, b.guard(t, model("other", dimensions), "notes_other"), 10, 15)
	raw, err := b.open(b.url, "notes")(langchaingo.New(model("m", dimensions)))
	if err != nil {
		t.Fatal(err)
	}
	found, err := raw.SimilaritySearch(t.Context(), "q", 20)
	if err != nil || len(found) != 15 {
		t.Errorf("%d documents, %v: it is mended", len(found), err)
	}
	s, err := b.try(t, model("m", dimensions), "notes")
	if err == nil {
		_, err = s.SimilaritySearch(t.Context(), "q", 20)
	}
	says(t, err, `in the index "notes" finds the document "doc:notes_o`, "end each in a dot")
	if found, err = b.guard(t, model("m", dimensions), "notes_old").SimilaritySearch(t.Context(), "q", 20); err != nil || len(found) != 5 {
		t.Errorf("the longer name: %d documents, %v", len(found), err)
	}
	if err := b.remove(raw, "notes"); err != nil {
		t.Fatal(err)
	}
	if n := b.count(t, "notes_old"); n != 0 {
		t.Errorf("dropping an index leaves %d documents of the other: it is mended", n)
	}
	for i, name := range []string{"notes.", "notes_old."} {
		add(t, b.guard(t, model("m", dimensions), name), 5*i, 5*i+5)
		if found, err := b.guard(t, model("m", dimensions), name).SimilaritySearch(t.Context(), "q", 20); err != nil || len(found) != 5 {
			t.Errorf("%s: %d documents, %v", name, len(found), err)
		}
	}
}

// TestPGVectorWithDimensions: a table with a declared dimension refuses the others by itself.
func TestPGVectorWithDimensions(t *testing.T) {
	server := kinds["pgvector"].serve(t)
	open := openPGVector(pgvector.WithVectorDimensions(dimensions))
	s, err := open(server.URL, "x")(langchaingo.New(model("m", 32)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.AddDocuments(t.Context(), corpus(5))
	says(t, err, "expected 64 dimensions, not 32", "22000")
	if n := len(readPGVector(t, server.URL, "x")); n != 0 {
		t.Errorf("%d documents", n)
	}
}
