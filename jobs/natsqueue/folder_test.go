package natsqueue_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/vecspace/embedding/jobs/natsqueue"
)

// A process that sees another folder, or a copy of the job's, may not join while one of the job's
// processes lives. What a killed one has left keeps nobody out.
func TestAnotherDisk(t *testing.T) {
	s := serve(t, t.TempDir(), "127.0.0.1:0")
	join := func(folder string) (*natsqueue.Queue, *nats.Conn, error) {
		t.Helper()
		nc, err := nats.Connect(s.URL())
		if err != nil {
			t.Fatalf("Connect: %v", err)
		}
		t.Cleanup(nc.Close)
		q, err := natsqueue.New(t.Context(), nc, natsqueue.Options{Job: "a1", Lease: lease, Folder: folder})
		return q, nc, err
	}
	joined := func(folder string) (*natsqueue.Queue, *nats.Conn) {
		t.Helper()
		q, nc, err := join(folder)
		if err != nil {
			t.Fatalf("New: got the error %v, want none", err)
		}
		return q, nc
	}
	leave := func(q *natsqueue.Queue) {
		t.Helper()
		if err := q.Close(); err != nil {
			t.Errorf("Close: got the error %v, want none", err)
		}
	}
	shared, other := t.TempDir(), t.TempDir()
	first, _ := joined(shared)
	second, _ := joined(shared)
	if err := os.CopyFS(other, os.DirFS(shared)); err != nil {
		t.Fatalf("CopyFS: %v", err)
	}
	third, _ := joined(shared) // the copy lacks its file
	_, _, err := join(other)
	for _, want := range []string{"of job a1 does not write to " + other, "another disk or a copy", "all of them see"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want %q in it", err, want)
		}
	}
	if n := files(t, other); n != 2 {
		t.Errorf("got %d files in the copy after the refusal, want the 2 that were copied", n)
	}
	leave(first)
	leave(second)
	killed, nc := joined(shared)
	leave(third)
	if n := files(t, shared); n != 1 {
		t.Errorf("got %d files, want 1 of the process that lives", n)
	}
	nc.Close()
	last, _ := joined(other)
	leave(last)
	_ = killed.Close() // its connection has gone
}

func files(t *testing.T, folder string) int {
	t.Helper()
	all, err := os.ReadDir(filepath.Join(folder, "meet"))
	if err != nil {
		t.Fatalf("ReadDir: %v", err)
	}
	return len(all)
}
