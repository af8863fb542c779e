package natsqueue_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go"

	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/natsqueue"
	"github.com/vecspace/embedding/providers/static"
)

// The processes of a job meet at a server, here one inside the program. Other processes open the
// job by jobs.Open and join with the same last lines.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "job")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a folder of the example's own
	in := filepath.Join(dir, "texts.txt")
	if err := os.WriteFile(in, []byte("parse flags\nfind files\nread a file\n"), 0o600); err != nil {
		panic(err)
	}
	e, err := static.New(static.Options{}) // or providers.Open
	if err != nil {
		panic(err)
	}
	plan, err := jobs.NewPlan(ctx, e, jobs.Options{Inputs: []string{in}, Out: filepath.Join(dir, "vectors")})
	if err != nil {
		panic(err)
	}
	job, err := plan.Start()
	if err != nil {
		panic(err)
	}
	defer func() { _ = job.Close() }() // its results are on the disk
	server, err := natsqueue.Serve(natsqueue.ServerOptions{Dir: filepath.Join(dir, "nats"), Addr: "127.0.0.1:0"})
	if err != nil {
		panic(err)
	}
	defer server.Close()

	nc, err := nats.Connect(server.URL(), nats.MaxReconnects(-1))
	if err != nil {
		panic(err)
	}
	defer nc.Close()
	queue, err := natsqueue.New(ctx, nc, natsqueue.Options{Job: job.Manifest.ID, Done: job.Done})
	if err != nil {
		panic(err)
	}
	defer func() { _ = queue.Close() }() // the work is done
	if err := job.Work(ctx, e, jobs.WorkOptions{Queue: queue}); err != nil {
		fmt.Println(err)
		return
	}
	status, err := job.Status()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %d vectors\n", status.State, status.Vectors)
	// Output:
	// complete: 3 vectors
}
