package stores_test

import (
	"testing"

	"github.com/tmc/langchaingo/vectorstores/pgvector"

	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/integration/internal/guarded"
	"github.com/vecspace/embedding/internal/expect"
)

// TestLangchaingoAsItIs shows what the stores do without the guard: the left half of the matrix in
// docs/stores.md. It fails when langchaingo or a server fixes something, so that the matrix stays
// true.
func TestLangchaingoAsItIs(t *testing.T) {
	want := map[string]map[string]string{
		"pgvector": {
			"query embedded as": "query", "score of the cosine 0.6": "0.6", "adds nothing": "no error", "adds other dimensions": "no error", "stores other dimensions": "yes",
			"searches other dimensions": "nothing, no error", "searches another model": "finds some", "embedder of the add": "used", "embedder of the search": "used", "edits metadata": "no",
			"deduplicater": "used", "threshold over all": "finds nothing",
		},
		"chroma": {
			"query embedded as": "document", "score of the cosine 0.6": "0.6", "adds nothing": "ids cannot be empty", "adds other dimensions": "500", "stores other dimensions": "no",
			"searches other dimensions": "400 Bad Request", "searches another model": "finds some", "embedder of the add": "unsupported options", "embedder of the search": "unsupported options", "edits metadata": "no",
			"deduplicater": "ignored", "threshold over all": "finds nothing",
		},
		"chroma by default": {
			"query embedded as": "document", "score of the cosine 0.6": "0.2", "adds nothing": "ids cannot be empty", "adds other dimensions": "500", "stores other dimensions": "no",
			"searches other dimensions": "400 Bad Request", "searches another model": "finds nothing", "embedder of the add": "unsupported options", "embedder of the search": "unsupported options", "edits metadata": "no",
			"deduplicater": "ignored", "threshold over all": "finds nothing",
		},
		"redisvector": {
			"query embedded as": "query", "score of the cosine 0.6": "0.4", "adds nothing": "panic: runtime error: index out of range", "adds other dimensions": "no error", "stores other dimensions": "yes",
			"searches other dimensions": "query vector blob size", "searches another model": "finds some", "embedder of the add": "ignored", "embedder of the search": "used", "edits metadata": "yes",
			"deduplicater": "ignored", "threshold over all": "finds nothing",
		},
	}
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) { guarded.SameAsItIs(t, k, want[k.Name]) })
	}
}

// TestRedisStoresWhatItDoesNotIndex: redisvector stores a vector of another dimension as a hash
// that no search finds.
func TestRedisStoresWhatItDoesNotIndex(t *testing.T) {
	server := redisKind.Serve(t)
	s, err := openRedis(server.URL, "x")(langchaingo.New(guarded.Model("m", guarded.Dimensions)))
	expect.NoError(t, err)
	_, err = s.AddDocuments(t.Context(), guarded.Corpus(5))
	expect.NoError(t, err)
	short, err := openRedis(server.URL, "x")(langchaingo.New(guarded.Model("m", 32)))
	expect.NoError(t, err)
	ids, err := short.AddDocuments(t.Context(), guarded.Corpus(6)[5:])
	if err != nil || len(ids) != 1 {
		t.Fatalf("it is mended: %v, %v", ids, err)
	}
	found, err := s.SimilaritySearch(t.Context(), "q", 10)
	if err != nil || len(found) != 5 || len(readRedis(t, server.URL, "x")) != 6 {
		t.Errorf("%d of %d documents are found, %v", len(found), len(readRedis(t, server.URL, "x")), err)
	}
}

// TestRedisIndexesWhoseNamesBeginAlike: an index also finds the documents of indexes with longer
// names that begin with its own, and dropping it with its documents drops theirs. The guard refuses
// foreign documents.
func TestRedisIndexesWhoseNamesBeginAlike(t *testing.T) {
	b := guarded.Serve(t, redisKind)
	guarded.Add(t, b.Guard(t, guarded.Model("m", guarded.Dimensions), "notes"), 0, 5)
	guarded.Add(t, b.Guard(t, guarded.Model("m", guarded.Dimensions), "notes_old"), 5, 10)
	guarded.Add(t, b.Guard(t, guarded.Model("other", guarded.Dimensions), "notes_other"), 10, 15)
	raw, err := openRedis(b.URL, "notes")(langchaingo.New(guarded.Model("m", guarded.Dimensions)))
	expect.NoError(t, err)
	found, err := raw.SimilaritySearch(t.Context(), "q", 20)
	if err != nil || len(found) != 15 {
		t.Errorf("%d documents, %v: it is mended", len(found), err)
	}
	s, err := b.Try(t, guarded.Model("m", guarded.Dimensions), "notes")
	if err == nil {
		_, err = s.SimilaritySearch(t.Context(), "q", 20)
	}
	expect.Says(t, "the error", err, `in the index "notes" finds the document "doc:notes_o`, "end each in a dot")
	if found, err = b.Guard(t, guarded.Model("m", guarded.Dimensions), "notes_old").SimilaritySearch(t.Context(), "q", 20); err != nil || len(found) != 5 {
		t.Errorf("the longer name: %d documents, %v", len(found), err)
	}
	expect.NoError(t, b.Remove(raw, "notes"))
	expect.Equal(t, "documents of the other index", b.Count(t, "notes_old"), 0)
	for i, name := range []string{"notes.", "notes_old."} {
		guarded.Add(t, b.Guard(t, guarded.Model("m", guarded.Dimensions), name), 5*i, 5*i+5)
		if found, err := b.Guard(t, guarded.Model("m", guarded.Dimensions), name).SimilaritySearch(t.Context(), "q", 20); err != nil || len(found) != 5 {
			t.Errorf("%s: %d documents, %v", name, len(found), err)
		}
	}
}

// TestPGVectorWithDimensions: a table with a declared dimension refuses the others by itself.
func TestPGVectorWithDimensions(t *testing.T) {
	server := pgvectorKind.Serve(t)
	open := openPGVector(pgvector.WithVectorDimensions(guarded.Dimensions))
	s, err := open(server.URL, "x")(langchaingo.New(guarded.Model("m", 32)))
	expect.NoError(t, err)
	_, err = s.AddDocuments(t.Context(), guarded.Corpus(5))
	expect.Says(t, "the error", err, "expected 64 dimensions, not 32", "22000")
	expect.Equal(t, "documents", len(readPGVector(t, server.URL, "x")), 0)
}
