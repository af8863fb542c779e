package migrate_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
)

// TestReaders: from any position a reader yields the rest of a collection, once and in the same
// order, for every page size.
func TestReaders(t *testing.T) {
	for _, kind := range []string{"pgvector", "chroma"} {
		t.Run(kind, func(t *testing.T) {
			p := place{Kind: kind, Collection: "notes"}
			var page func(collection string, n int) collection.Reader
			if kind == "chroma" {
				p.URL = servers.Chroma(t).URL
				page = func(collection string, n int) collection.Reader {
					return migrate.Chroma(migrate.ChromaOptions{URL: p.URL, Collection: collection, Page: n})
				}
			} else {
				p.URL = servers.Postgres(t).URL
				db, err := sql.Open("pgx", p.URL)
				expect.NoError(t, err)
				defer db.Close()
				page = func(collection string, n int) collection.Reader {
					return migrate.PGVector(db, migrate.PGVectorOptions{Collection: collection, Page: n})
				}
			}
			if d, err := page("notes", 1).Describe(t.Context()); err != nil || d.ID != "" { // nothing has been made yet, not even a table
				t.Fatalf("%+v, %v", d, err)
			}
			fill(t, p, documents)
			d, err := page("notes", 1).Describe(t.Context())
			if err != nil || d.ID == "" || d.Documents != documents || !slices.Equal(d.Dimensions, []int{256}) {
				t.Fatalf("%+v, %v", d, err)
			}
			if other, err := page("other", 1).Describe(t.Context()); err != nil || other.ID != "" {
				t.Fatalf("%+v, %v", other, err)
			}
			read := func(n int, after string) (ids, positions []string) {
				for d, err := range page("notes", n).Documents(t.Context(), after) {
					expect.NoError(t, err)
					ids, positions = append(ids, d.ID), append(positions, d.Position)
				}
				return ids, positions
			}
			ids, positions := read(500, "")
			if len(ids) != documents {
				t.Fatalf("%d documents", len(ids))
			}
			for i, n := range []int{1199, 1200, 1201, 7, 400, 1, 13} {
				from := []int{-1, -1, -1, 900, 799, 1150, 1199}[i]
				after := ""
				if from >= 0 {
					after = positions[from]
				}
				if rest, _ := read(n, after); !slices.Equal(rest, ids[from+1:]) {
					t.Errorf("%d documents after %d, a page of %d: want %d", len(rest), from, n, documents-from-1)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			for _, err := range page("notes", 100).Documents(ctx, "") {
				if n++; n == 150 {
					cancel()
				}
				if err != nil && ctx.Err() == nil {
					t.Fatalf("got the error %v, want none", err)
				}
			}
			if n > 201 {
				t.Errorf("%d documents after a cancel at 150", n)
			}
			cancel()
		})
	}
}

// TestMixedCollection: pgvector accepts vectors of two lengths. The reader reports that, and a
// migration into the collection is refused.
func TestMixedCollection(t *testing.T) {
	k := task{From: place{Kind: "pgvector", Collection: "notes"}, Journal: t.TempDir() + "/journal", Ledger: t.TempDir() + "/ledger"}
	k.From.URL = servers.Postgres(t).URL
	fill(t, k.From, 300)
	e, err := providers.Open(after)
	expect.NoError(t, err)
	s, err := k.From.open(langchaingo.New(e))
	expect.NoError(t, err)
	_, err = s.AddDocuments(t.Context(), docs("another"))
	expect.NoError(t, err)
	r, err := k.From.reader()
	expect.NoError(t, err)
	if d, err := r.Describe(t.Context()); err != nil || !slices.Equal(d.Dimensions, []int{128, 256}) || d.Documents != 301 {
		t.Errorf("%+v, %v", d, err)
	}
	k.To = k.From
	k.To.Collection = "notes-new"
	p := k.plan(t)
	p.From, p.To = migrate.Sequence("one", func(yield func(collection.Document, error) bool) {
		yield(collection.Document{ID: "1", Document: docs("one")[0]}, nil)
	}), r
	for _, err := range migrate.Run(t.Context(), k.embedder(t), p) {
		expect.Says(t, "the error", err, "holds vectors of 256 dimensions and static/")
	}
}

// TestChromaShifts: removing documents during a read is an error; no document is skipped.
func TestChromaShifts(t *testing.T) {
	p := place{Kind: "chroma", Collection: "notes"}
	p.URL = servers.Chroma(t).URL
	fill(t, p, 300)
	r := migrate.Chroma(migrate.ChromaOptions{URL: p.URL, Collection: "notes", Page: 100})
	n := 0
	var last error
	for d, err := range r.Documents(t.Context(), "") {
		if last = err; err != nil {
			break
		}
		if n++; n == 150 {
			about, err := r.Describe(t.Context())
			expect.NoError(t, err)
			url := p.URL + "/api/v1/collections/" + strings.TrimPrefix(about.ID, "chroma:") + "/delete"
			res, err := http.Post(url, "application/json", strings.NewReader(fmt.Sprintf(`{"ids":[%q]}`, d.ID)))
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("got the answer %v and the error %v, want status 200 and none", res, err)
			}
			res.Body.Close()
		}
	}
	if n != 200 || last == nil || !strings.Contains(last.Error(), "document 200 is no longer") {
		t.Errorf("%d documents, %v", n, last)
	}
}

// TestChroma1: the reader speaks to Chroma of today, which langchaingo's store does not.
func TestChroma1(t *testing.T) {
	s := servers.Chroma1(t)
	base := s.URL + "/api/v2/tenants/default_tenant/databases/default_database/collections"
	post := func(url string, in, out any) {
		t.Helper()
		body, err := json.Marshal(in)
		expect.NoError(t, err)
		res, err := http.Post(url, "application/json", bytes.NewReader(body))
		expect.NoError(t, err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode >= 300 {
			t.Fatalf("got %s, %q and the error %v, want a status below 300 and none", res.Status, text, err)
		}
		expect.NoError(t, json.Unmarshal(text, out))
	}
	var made struct{ ID string }
	post(base, map[string]any{"name": "notes"}, &made)
	const n = 700 // more than two pages
	in := struct {
		IDs        []string         `json:"ids"`
		Documents  []string         `json:"documents"`
		Embeddings [][]float32      `json:"embeddings"`
		Metadatas  []map[string]any `json:"metadatas"`
	}{}
	for i := range n {
		in.IDs, in.Documents = append(in.IDs, fmt.Sprint("id ", i)), append(in.Documents, fmt.Sprintf("通知 %d \"'\\", i))
		in.Embeddings, in.Metadatas = append(in.Embeddings, []float32{float32(i), 1, 2}), append(in.Metadatas, map[string]any{"n": i, "lang": "zh"})
	}
	post(base+"/"+made.ID+"/add", in, &struct{}{})
	r := migrate.Chroma(migrate.ChromaOptions{URL: s.URL, Collection: "notes"})
	d, err := r.Describe(t.Context())
	if err != nil || d.Documents != n || !slices.Equal(d.Dimensions, []int{3}) {
		t.Errorf("%+v, %v", d, err)
	}
	i := 0
	for doc, err := range r.Documents(t.Context(), "") {
		expect.NoError(t, err)
		if doc.ID != in.IDs[i] || doc.PageContent != in.Documents[i] || doc.Metadata["lang"] != "zh" || fmt.Sprint(doc.Metadata["n"]) != fmt.Sprint(i) {
			t.Fatalf("document %d is %+v", i, doc)
		}
		i++
	}
	expect.Equal(t, "documents", i, n)
	if d, err := migrate.Chroma(migrate.ChromaOptions{URL: s.URL, Collection: "nothing"}).Describe(t.Context()); err != nil || d.ID != "" {
		t.Errorf("a collection that is not there: %+v, %v", d, err)
	}
}

// TestBadServers: errors say what is wrong, without the password.
func TestBadServers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, dsn := range []string{"postgres://me:secret@127.0.0.1:1/postgres?sslmode=disable", "postgres://me:secret@127.0.0.1:99999/x", "not a DSN"} {
		db, err := sql.Open("pgx", dsn)
		if err == nil {
			_, err = migrate.PGVector(db, migrate.PGVectorOptions{}).Describe(ctx)
			db.Close()
		}
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", dsn, err)
		}
	}
	s := servers.Postgres(t)
	db, err := sql.Open("pgx", s.URL) // no extension, no tables
	expect.NoError(t, err)
	defer db.Close()
	if d, err := migrate.PGVector(db, migrate.PGVectorOptions{}).Describe(ctx); err != nil || d.ID != "" {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = migrate.Chroma(migrate.ChromaOptions{URL: "http://" + s.Addr}).Describe(ctx)
	expect.Says(t, "PostgreSQL as Chroma", err, "chroma at "+s.Addr)
}
