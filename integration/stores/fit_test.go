package stores_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/pgvector"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/internal/guarded"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
)

func texts(docs []schema.Document) (out []string) {
	for _, d := range docs {
		out = append(out, d.PageContent)
	}
	slices.Sort(out)
	return out
}

func of(text string, metadata map[string]any) schema.Document {
	return schema.Document{PageContent: text, Metadata: metadata}
}

// TestFilters holds pgvector behind the guard to what adapters/chromem finds, filter for filter.
func TestFilters(t *testing.T) {
	day := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	values := []any{2020, int64(2020), 2020.0, "2020", 0, 1e20, 0.1, -5, true, "true", false, nil, "null", "", " ", "O'Brien", `a\b`, `\`, `'`, `''`,
		`x' OR '1'='1`, `"`, "图", "$1", "%s", "{}", day, []string{"a", "b'"}, []any{1, "x", nil}, []any{}, map[string]any{"k": 1.0}, `\u0000`, uint8(7), int64(1) << 53}
	var docs []schema.Document
	for i, v := range values {
		docs = append(docs, of(fmt.Sprint("text ", i), map[string]any{"k": v, "n": i}), of(fmt.Sprint("other ", i), map[string]any{"it's": v, `b\s`: v, "n": i}))
	}
	e := guarded.Model("m", guarded.Dimensions)
	ours, err := chromem.New(guarded.Batched(e), chromem.Options{})
	expect.NoError(t, err)
	b := guarded.Serve(t, pgvectorKind)
	theirs := b.Guard(t, guarded.Batched(e), "coll")
	for _, s := range []vectorstores.VectorStore{ours, theirs} {
		_, err := s.AddDocuments(t.Context(), docs)
		expect.NoError(t, err)
	}
	check := func(filter any) {
		t.Helper()
		want, err := ours.SimilaritySearch(t.Context(), "q", 100, vectorstores.WithFilters(filter))
		expect.NoError(t, err)
		got, err := theirs.SimilaritySearch(t.Context(), "q", 100, vectorstores.WithFilters(filter))
		if err != nil || !slices.Equal(texts(got), texts(want)) {
			t.Errorf("%#v: got %q, %v, want %q", filter, texts(got), err, texts(want))
		}
	}
	for i, v := range values {
		check(map[string]any{"k": v})
		check(map[string]any{"it's": v})
		check(map[string]any{`b\s`: v, "n": i})
		check(map[string]any{"k": v, "n": i + 1})
		check(map[string]any{"none": v})
	}
	check(map[string]string{"k": "O'Brien"})
	check(map[string]any{})
	check(map[string]any{"') = '' OR (data.cmetadata ->> '": ""})
	for _, bad := range []map[string]any{{"k": "a\x00"}, {"a\x00": 1}, {"k": math.NaN()}, {"k": make(chan int)}, {"k": []string{"\x00"}}, {"k": "\xff"}} {
		_, err := theirs.SimilaritySearch(t.Context(), "q", 1, vectorstores.WithFilters(bad))
		expect.Says(t, fmt.Sprintf("%q", bad), err, "the filter")
	}
	// A document of another program with a NUL fails nobody's search.
	conn, err := pgx.Connect(t.Context(), b.URL)
	expect.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `UPDATE e_coll SET cmetadata = replace(cmetadata::text, '"true"', '"x\u0000y"')::json WHERE document = 'text 9'`)
	expect.NoError(t, err)
	check(map[string]any{"k": 2020})
}

// TestNamesAreData: quotes in the names of collections and in name spaces.
func TestNamesAreData(t *testing.T) {
	server := servers.Postgres(t)
	e := guarded.Model("m", guarded.Dimensions)
	names := []string{"O'Brien's notes", "zz' OR '1'='1", `back\slash`, "plain", "a%sb", "图"}
	var any *store.Store
	for _, name := range names {
		s, err := store.New(t.Context(), e, func(emb embeddings.Embedder) (vectorstores.VectorStore, error) {
			conn, err := pgx.Connect(t.Context(), server.URL)
			if err != nil {
				return nil, err
			}
			return pgvector.New(t.Context(), pgvector.WithConn(conn), pgvector.WithCollectionName(name), pgvector.WithEmbedder(emb))
		}, store.Options{})
		expect.NoError(t, err)
		_, err = s.AddDocuments(t.Context(), []schema.Document{of("the text of "+name, nil)})
		expect.NoError(t, err)
		found, err := s.SimilaritySearch(t.Context(), "q", 9)
		expect.NoError(t, err)
		expect.Equal(t, "found in "+name, texts(found), []string{"the text of " + name})
		any = s
	}
	for _, name := range append(names, "", "nobody", "x' OR 'a'='a") {
		found, err := any.SimilaritySearch(t.Context(), "q", 9, vectorstores.WithNameSpace(name))
		expect.NoError(t, err)
		var want []string
		if slices.Contains(names, name) {
			want = []string{"the text of " + name}
		} else if name == "" {
			want = []string{"the text of 图"}
		}
		expect.Equal(t, "found in the name space "+name, texts(found), want)
	}
	_, err := any.SimilaritySearch(t.Context(), "q", 9, vectorstores.WithNameSpace("a\x00"))
	expect.Says(t, "a NUL in a name space", err, "NUL")
}

// TestFixedColumn: a column of another fixed length is noticed when the store is opened, also while
// the table is empty.
func TestFixedColumn(t *testing.T) {
	server := servers.Postgres(t)
	for _, filled := range []bool{false, true} {
		table := fmt.Sprint("fixed_", filled)
		open := func(dims int) guarded.Opening {
			return openPGVector(pgvector.WithEmbeddingTableName(table), pgvector.WithVectorDimensions(dims))(server.URL, "c"+table)
		}
		s, err := store.New(t.Context(), guarded.Model("m", guarded.Dimensions), open(guarded.Dimensions), store.Options{})
		expect.NoError(t, err)
		if filled {
			guarded.Add(t, s, 0, 20)
		}
		e := guarded.Model("m", 32)
		_, err = store.New(t.Context(), e, open(32), store.Options{})
		expect.Says(t, "the error", err, table, fmt.Sprint(guarded.Dimensions), "32", "WithEmbeddingTableName")
		expect.Equal(t, "calls", len(e.Calls()), 0)
	}
}

// TestUnkept: what a store cannot keep is refused before it is embedded, and the other documents
// are stored and found, with all they hold.
func TestUnkept(t *testing.T) {
	nul, nan := of("a NUL", map[string]any{"k": "x\x00y"}), of("a NaN", map[string]any{"k": math.NaN()})
	inf, channel := of("an Inf", map[string]any{"k": math.Inf(-1)}), of("a channel", map[string]any{"k": make(chan int)})
	deep := of("a deep NUL", map[string]any{"k": []any{map[string]any{"a\x00": 1}}})
	big := of("a big number", map[string]any{"k": int64(1)<<53 + 1})
	list, none, bools := of("a list", map[string]any{"k": []string{"a"}}), of("a nil", map[string]any{"k": nil}), of("a bool", map[string]any{"k": true})
	text := of("NUL in the text \x00", nil)
	for _, c := range []struct {
		kind      guarded.Kind
		bad, good []schema.Document
	}{
		{pgvectorKind, []schema.Document{nul, nan, inf, channel, deep, big, text}, []schema.Document{list, none, bools}},
		{chromaKind, []schema.Document{nan, inf, channel, list, none, big, of("own", map[string]any{"chroma:document": "x"})}, []schema.Document{bools}},
		{redisKind, []schema.Document{nan, inf, channel, list, none, bools, of("a word", map[string]any{"year": "unknown"}), of("c", map[string]any{"content": "x"}),
			of("d", map[string]any{"distance": 1}), of("v", map[string]any{"content_vector": "x"})},
			[]schema.Document{of("digits", map[string]any{"year": "2021"}), of("a new key", map[string]any{"new": "x"})}},
	} {
		t.Run(c.kind.Name, func(t *testing.T) {
			b := guarded.Serve(t, c.kind)
			e := guarded.Model("m", guarded.Dimensions)
			s := b.Guard(t, guarded.Batched(e), "Coll")
			sound := []schema.Document{of("sound", map[string]any{"year": 2020, "n": 1})}
			for round, docs := range [][]schema.Document{slices.Concat(sound, c.bad, c.good), slices.Concat(c.bad, sound, c.good)} {
				for i := range docs {
					docs[i].PageContent += fmt.Sprint(" ", round)
				}
				if round == 1 { // another process, which has not seen the first document
					s = b.Guard(t, guarded.Batched(e), "Coll")
				}
				ids, err := s.AddDocuments(t.Context(), docs)
				p, ok := errors.AsType[*embedding.PartialError](err)
				if !ok || len(p.Failed) != len(c.bad) || len(ids) != len(docs) {
					t.Fatalf("got %v, want a PartialError with %d documents", err, len(c.bad))
				}
				for _, f := range p.Failed {
					if !errors.Is(f.Err, embedding.Rejected) || ids[f.Index] != "" || !strings.Contains(f.Err.Error(), "cannot keep") {
						t.Errorf("document %d: got %q, %v, want a refusal before it is embedded", f.Index, ids[f.Index], f.Err)
					}
				}
				for _, d := range c.bad {
					expect.Equal(t, "times that "+d.PageContent+" was embedded", e.Billed(d.PageContent+fmt.Sprint(" ", round)), 0)
				}
			}
			expect.Equal(t, "documents stored", b.Count(t, "Coll"), 2*(len(sound)+len(c.good)))
			for _, d := range slices.Concat(sound, c.good) {
				for _, round := range []string{" 0", " 1"} {
					found, err := s.SimilaritySearch(t.Context(), d.PageContent+round, 50)
					expect.NoError(t, err)
					if !c.kind.NoNegative && !slices.Contains(texts(found), d.PageContent+round) {
						t.Errorf("%q is not found", d.PageContent+round)
					}
				}
			}
		})
	}
}

// TestDocumentsOfOneID: redisvector takes a document's ID from its metadata.
func TestDocumentsOfOneID(t *testing.T) {
	b := guarded.Serve(t, redisKind)
	s := b.Guard(t, guarded.Model("m", guarded.Dimensions), "Coll")
	ids, err := s.AddDocuments(t.Context(), []schema.Document{of("a", map[string]any{"keys": "x"}), of("b", map[string]any{"keys": "x"}), of("c", map[string]any{"keys": "y"})})
	expect.Says(t, "the error", err, "2 of 3 documents are stored", `"keys"`, "would replace")
	expect.Equal(t, "IDs", ids, []string{"doc:Coll:x", "", "doc:Coll:y"})
	_, err = s.AddDocuments(t.Context(), []schema.Document{of("a, changed", map[string]any{"keys": "x"})})
	expect.NoError(t, err)
	found, err := s.SimilaritySearch(t.Context(), "q", 9)
	expect.NoError(t, err)
	expect.Equal(t, "found", texts(found), []string{"a, changed", "c"})
}

// TestTheFirstDocumentFails: the index is made of the first document that has a vector, and what
// does not fit it is refused although it fits the first of the call.
func TestTheFirstDocumentFails(t *testing.T) {
	b := guarded.Serve(t, redisKind)
	e := embedtest.NewFake(embedtest.FakeOptions{Poison: func(text string) bool { return text == "bad" }})
	s := b.Guard(t, e, "Coll")
	ids, err := s.AddDocuments(t.Context(), []schema.Document{of("bad", map[string]any{"year": "x"}), of("a", map[string]any{"year": 2020}), of("b", map[string]any{"year": "unknown"})})
	expect.Says(t, "the error", err, "1 of 3 documents are stored")
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != 2 || p.Response.Vectors[2] == nil || ids[1] == "" || ids[2] != "" {
		t.Errorf("got %q, %v, want the last refused and its vector in the error", ids, err)
	}
	_, err = s.AddDocuments(t.Context(), []schema.Document{of("c", map[string]any{"year": "unknown"})})
	expect.Says(t, "the error", err, "cannot keep", `"year"`)
}

// TestUnforeseen: what only the server knows to refuse is isolated, and its vector is in the error.
func TestUnforeseen(t *testing.T) {
	b := guarded.Serve(t, pgvectorKind)
	e := guarded.Model("m", guarded.Dimensions)
	s := b.Guard(t, guarded.Batched(e), "coll")
	conn, err := pgx.Connect(t.Context(), b.URL)
	expect.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "ALTER TABLE e_coll ADD CHECK (length(document) < 100)")
	expect.NoError(t, err)
	docs := guarded.Corpus(50)
	for _, at := range []int{0, 7, 8, 49} {
		docs[at].PageContent = strings.Repeat("long ", 40) + fmt.Sprint(at)
	}
	ids, err := s.AddDocuments(t.Context(), docs)
	expect.Says(t, "the error", err, "46 of 50 documents are stored")
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != 4 || len(ids) != 50 || b.Count(t, "coll") != 46 {
		t.Fatalf("%d IDs, %d documents, %v", len(ids), b.Count(t, "coll"), err)
	}
	for i, v := range p.Response.Vectors {
		if want := e.Vector(embedding.TaskDocument, docs[i].PageContent); !slices.Equal(v, want) {
			t.Errorf("the vector %d that was paid for is not in the error", i)
		}
	}
	expect.Says(t, "the error", p.Failed[1].Err, "document 7", "check constraint")
}

// TestMoreThanChromaTakes stores more in one call than Chroma takes in one.
func TestMoreThanChromaTakes(t *testing.T) {
	b := guarded.Serve(t, chromaKind)
	docs := make([]schema.Document, 42_000)
	for i := range docs {
		docs[i] = of(fmt.Sprint("text ", i), map[string]any{"n": i})
	}
	ids, err := b.Guard(t, guarded.Batched(guarded.Model("m", 4)), "Coll").AddDocuments(t.Context(), docs)
	expect.NoError(t, err)
	expect.Equal(t, "IDs", len(ids), len(docs))
	expect.Equal(t, "documents", b.Count(t, "Coll"), len(docs))
}
