package bucket_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/bucket"
	"github.com/vecspace/embedding/providers"
)

// A job reads an object, and its results go to the same store. With s3:// in place of mem:// it is
// S3.
func Example() {
	ctx := context.Background()
	stores := bucket.Stores()
	if err := stores["mem"].Put(ctx, "mem://docs/in.txt", strings.NewReader("one text\nanother text\n")); err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	e, err := providers.Open("static:base")
	if err != nil {
		log.Fatal(err)
	}
	plan, err := jobs.NewPlan(ctx, e, jobs.Options{
		Inputs: []string{"mem://docs/in.txt"}, Out: filepath.Join(dir, "vectors"), Formats: jobs.Formats{Stores: stores},
	})
	if err != nil {
		log.Fatal(err)
	}
	job, err := plan.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer job.Close()
	if err := job.Work(ctx, e, jobs.WorkOptions{}); err != nil {
		log.Fatal(err)
	}
	if _, err := job.Publish(ctx, "mem://docs/vectors"); err != nil {
		log.Fatal(err)
	}
	objects, err := stores["mem"].Glob(ctx, "mem://docs/vectors/data/*/*")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Join(objects, "\n"))
	// Output:
	// mem://docs/vectors/data/part-000000/ids.txt
	// mem://docs/vectors/data/part-000000/part.json
	// mem://docs/vectors/data/part-000000/vectors.npy
}
