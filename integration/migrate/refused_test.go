package migrate_test

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/pgvector"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
)

// TestRefusedByTheStore: documents that PostgreSQL refuses, some of which only the server knows,
// are named, all others are moved and nothing is paid for twice, with the guard and without.
func TestRefusedByTheStore(t *testing.T) {
	server := servers.Postgres(t)
	db, err := sql.Open("pgx", server.URL)
	expect.NoError(t, err)
	defer db.Close()
	for _, guarded := range []bool{true, false} {
		to := place{Kind: "pgvector", URL: server.URL, Collection: fmt.Sprint("guarded ", guarded)}
		open := to.guarded
		bad := map[int]bool{700: true, 1100: true}
		if guarded {
			bad[701] = true // the metadata's NUL is kept by PostgreSQL itself, and breaks its searches
		} else {
			// Its client closes a connection over a value that is no JSON, so the store needs a pool.
			pool, err := pgxpool.New(t.Context(), server.URL)
			expect.NoError(t, err)
			t.Cleanup(pool.Close)
			open = func(e embedding.Embedder) (vectorstores.VectorStore, error) {
				return pgvector.New(context.Background(), pgvector.WithConn(pool), pgvector.WithCollectionName(to.Collection), pgvector.WithEmbedder(langchaingo.New(e)))
			}
		}
		var docs []collection.Document
		for i := range documents {
			d := collection.Document{ID: fmt.Sprint("d", i), Document: schema.Document{PageContent: fmt.Sprint("text ", i), Metadata: map[string]any{"n": i}}}
			switch {
			case i == 700:
				d.Metadata["n"] = math.NaN()
			case i == 701 && guarded:
				d.Metadata["n"] = "a\x00b"
			case i == 1100:
				d.PageContent = strings.Repeat("long ", 50)
			}
			docs = append(docs, d)
		}
		reader, err := to.reader()
		expect.NoError(t, err)
		f := embedtest.NewFake(embedtest.FakeOptions{})
		p := migrate.Plan{
			From: migrate.Sequence("docs", sequence(docs)),
			To:   reader, Journal: filepath.Join(t.TempDir(), "journal"), Sample: -1,
			Open: func(e embedding.Embedder) (vectorstores.VectorStore, error) {
				s, err := open(e)
				if err == nil {
					_, err = db.Exec("ALTER TABLE langchain_pg_embedding DROP CONSTRAINT IF EXISTS short, ADD CONSTRAINT short CHECK (length(document) < 200)")
				}
				return s, err
			},
		}
		var report *migrate.Report
		for step, err := range migrate.Run(t.Context(), f, p) {
			expect.NoError(t, err)
			report = step.Report
		}
		if report == nil || report.Moved != documents-len(bad) || len(report.Failed) != len(bad) {
			t.Fatalf("guarded %v: got %+v, want all but %d documents", guarded, report, len(bad))
		}
		for i, d := range docs {
			named := slices.ContainsFunc(report.Failed, func(f migrate.Failed) bool { return f.ID == d.ID })
			paid := 1
			if guarded && (i == 700 || i == 701) {
				paid = 0
			}
			if named != bad[i] || f.Billed(d.PageContent) != paid {
				t.Errorf("guarded %v: %s is named: %v, and was paid for %d times", guarded, d.ID, named, f.Billed(d.PageContent))
			}
		}
	}
}

// TestFixedColumn: a column of another length is noticed before anything is embedded, with the
// guard and without, and another table will do.
func TestFixedColumn(t *testing.T) {
	server := servers.Postgres(t)
	db, err := sql.Open("pgx", server.URL)
	expect.NoError(t, err)
	defer db.Close()
	docs := []collection.Document{{ID: "a", Document: schema.Document{PageContent: "a"}}}
	run := func(table string) (*embedtest.Fake, error) {
		f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 16}})
		p := migrate.Plan{
			From: migrate.Sequence("docs", sequence(docs)),
			To:   migrate.PGVector(db, migrate.PGVectorOptions{Collection: "new", EmbeddingTable: table}), Journal: filepath.Join(t.TempDir(), "journal"),
			Open: func(e embedding.Embedder) (vectorstores.VectorStore, error) {
				return pgvector.New(context.Background(), pgvector.WithConnectionURL(server.URL), pgvector.WithCollectionName("new"),
					pgvector.WithEmbeddingTableName(table), pgvector.WithVectorDimensions(16), pgvector.WithEmbedder(langchaingo.New(e)))
			},
		}
		for _, err := range migrate.Run(t.Context(), f, p) {
			if err != nil {
				return f, err
			}
		}
		return f, nil
	}
	_, err = pgvector.New(t.Context(), pgvector.WithConnectionURL(server.URL), pgvector.WithVectorDimensions(8), pgvector.WithEmbedder(langchaingo.New(embedtest.NewFake(embedtest.FakeOptions{}))))
	expect.NoError(t, err)
	f, err := run("langchain_pg_embedding")
	if err == nil || !strings.Contains(err.Error(), "WithEmbeddingTableName") || len(f.Calls()) != 0 {
		t.Errorf("got %v after %d calls, want a refusal that says what to do before anything is embedded", err, len(f.Calls()))
	}
	_, err = run("embedding_16")
	expect.NoError(t, err)
}

func sequence(docs []collection.Document) iter.Seq2[collection.Document, error] {
	return func(yield func(collection.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}
