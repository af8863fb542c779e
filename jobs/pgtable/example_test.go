package pgtable_test

import (
	"context"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/jobs/pgtable"
)

// The vectors of the table docs, until all are current. The same program goes on after a kill, and
// in several processes at once. It needs a PostgreSQL with pgvector.
func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	e := embedtest.NewFake(embedtest.FakeOptions{}) // or providers.Open("static:base")
	table, err := pgtable.Init(ctx, pool, pgtable.Spec{
		Table: "docs", Text: "title || ' ' || body", Into: "docs_vec", Reference: "static:base",
	}, e)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := table.Work(ctx, e, pgtable.WorkOptions{}); err != nil { // Follow: true stays for changes
		fmt.Println(err)
		return
	}
	status, err := table.Status(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(status)
}
