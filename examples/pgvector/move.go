package main

import (
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
)

// move embeds the notes of one model with another model, into the other's collection. You may
// interrupt it and start it again.
func move(ctx context.Context, pool *pgxpool.Pool, old, ref string, out io.Writer) error {
	before, err := embedder(ctx, old)
	if err != nil {
		return err
	}
	e, err := embedder(ctx, ref)
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool) // any database/sql driver for PostgreSQL will do
	defer func() { _ = db.Close() }() // the pool stays open
	plan := migrate.Plan{
		From:    migrate.PGVector(db, migrate.PGVectorOptions{Collection: collection(before)}),
		To:      migrate.PGVector(db, migrate.PGVectorOptions{Collection: collection(e)}),
		Open:    func(e embedding.Embedder) (vectorstores.VectorStore, error) { return open(ctx, pool, e) },
		Journal: "notes.journal",
	}
	for step, err := range migrate.Run(ctx, e, plan) {
		if err != nil {
			return err // run it again: it goes on where it was
		}
		fmt.Fprintln(out, step) // 1500 of 20000 documents read, 1499 moved, 1 rejected
		if step.Report != nil {
			fmt.Fprint(out, step.Report) // what was checked, and how to switch
		}
	}
	return nil
}
