package jobs_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/providers"
)

// The same program goes on after it was killed.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // an example leaves nothing
	in := filepath.Join(dir, "texts.txt")
	if err := os.WriteFile(in, []byte("parse flags\nfind files\n\nread a file\n"), 0o600); err != nil {
		log.Fatal(err)
	}

	e, err := providers.Open("static:base")
	if err != nil {
		log.Fatal(err)
	}
	plan, err := jobs.NewPlan(ctx, e, jobs.Options{Inputs: []string{in}, Out: filepath.Join(dir, "vectors")})
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
	status, err := job.Status()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %d vectors, %d rejected\n", status.State, status.Vectors, status.Rejected)
	// Output:
	// complete: 3 vectors, 1 rejected
}
