// Command plain stores and searches vectors by pgx alone, without langchaingo: docs/pgx.md.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

const schema = `
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE IF NOT EXISTS passages (
	text      text NOT NULL,
	space     text NOT NULL, -- which model made the vector
	embedding vector NOT NULL,
	PRIMARY KEY (text, space)
)`

func main() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	e, err := providers.Open("static:base") // or any other reference
	if err != nil {
		log.Fatal(err)
	}
	e = embedding.Chain(e, middleware.Standard(middleware.StandardOptions{}))
	if e, err = embedding.Probe(ctx, e); err != nil { // now the Space is known, whatever the model
		log.Fatal(err)
	}
	if _, err := pool.Exec(ctx, schema); err != nil {
		log.Fatal(err)
	}
	if err := add(ctx, pool, e, "The cat sleeps on the sofa.", "Interest rates rose again."); err != nil {
		log.Fatal(err)
	}
	if err := index(ctx, pool, e.Model()); err != nil {
		log.Fatal(err)
	}
	if err := search(ctx, pool, e, "a pet taking a nap"); err != nil {
		log.Fatal(err)
	}
}

func add(ctx context.Context, pool *pgxpool.Pool, e embedding.Embedder, texts ...string) error {
	vectors, failed := embedding.Documents(ctx, e, texts) // nil rows are the texts that failed
	for i, v := range vectors {
		if v == nil {
			continue
		}
		_, err := pool.Exec(ctx, `INSERT INTO passages VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			texts[i], string(e.Model().Space), pgvector.NewVector(v))
		if err != nil {
			return err
		}
	}
	return failed
}

// index makes an index of one Space's vectors. PostgreSQL uses it for a search that names the Space
// and has the same cast.
func index(ctx context.Context, pool *pgxpool.Pool, m embedding.Model) error {
	space := strings.ReplaceAll(string(m.Space), "'", "''") // this statement takes no parameters
	_, err := pool.Exec(ctx, fmt.Sprintf(`CREATE INDEX IF NOT EXISTS passages_%.8x ON passages
		USING hnsw ((embedding::vector(%d)) vector_cosine_ops) WHERE space = '%s'`,
		sha256.Sum256([]byte(m.Space)), m.Dimensions, space))
	return err
}

func search(ctx context.Context, pool *pgxpool.Pool, e embedding.Embedder, question string) error {
	query, err := embedding.Query(ctx, e, question)
	if err != nil {
		return err
	}
	rows, err := pool.Query(ctx, fmt.Sprintf(`SELECT text, 1 - (embedding <=> $1) FROM passages
		WHERE space = $2 ORDER BY embedding::vector(%d) <=> $1 LIMIT 3`, e.Model().Dimensions),
		pgvector.NewVector(query), string(e.Model().Space))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		var cosine float64
		if err := rows.Scan(&text, &cosine); err != nil {
			return err
		}
		fmt.Printf("%.2f  %s\n", cosine, text)
	}
	return rows.Err()
}
