package parquet_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"github.com/vecspace/embedding/jobs"
	formats "github.com/vecspace/embedding/jobs/parquet"
	"github.com/vecspace/embedding/providers"
)

// A job reads a column of texts and writes a column of vectors.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "parquet")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // an example leaves nothing
	type doc struct {
		Key  string `parquet:"key"`
		Body string `parquet:"body"`
	}
	in := filepath.Join(dir, "docs.parquet")
	if err := parquet.WriteFile(in, []doc{{"a", "parse flags"}, {"b", "find files"}}); err != nil {
		log.Fatal(err)
	}

	e, err := providers.Open("static:base?dimensions=64")
	if err != nil {
		log.Fatal(err)
	}
	plan, err := jobs.NewPlan(ctx, e, jobs.Options{
		Inputs: []string{in}, Field: "body", ID: "key", Out: filepath.Join(dir, "out"), To: "parquet", Formats: formats.Formats(),
	})
	if err != nil {
		log.Fatal(err)
	}
	job, err := plan.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = job.Close() }() // its results are on the disk
	if err := job.Work(ctx, e, jobs.WorkOptions{}); err != nil {
		log.Fatal(err)
	}

	merged := filepath.Join(dir, "vectors.parquet")
	if _, err := job.Merge(ctx, merged); err != nil {
		log.Fatal(err)
	}
	type row struct {
		ID     string    `parquet:"id"`
		Vector []float32 `parquet:"vector,list"`
	}
	rows, err := parquet.ReadFile[row](merged)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rows {
		fmt.Println(r.ID, len(r.Vector), "dimensions")
	}
	// Output:
	// a 64 dimensions
	// b 64 dimensions
}
