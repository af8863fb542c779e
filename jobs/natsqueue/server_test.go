package natsqueue_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/vecspace/embedding/jobs/natsqueue"
)

// BenchmarkServe measures how long a server takes until a process has joined a job's Queue, and the
// memory of the process with both.
func BenchmarkServe(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		s, err := natsqueue.Serve(natsqueue.ServerOptions{Dir: dir, Addr: "127.0.0.1:0"})
		if err != nil {
			b.Fatalf("Serve: %v", err)
		}
		nc, err := nats.Connect(s.URL())
		if err != nil {
			b.Fatalf("Connect: %v", err)
		}
		q, err := natsqueue.New(b.Context(), nc, natsqueue.Options{Job: "a1"})
		if err != nil {
			b.Fatalf("New: %v", err)
		}
		b.StopTimer()
		b.ReportMetric(float64(resident())/1e6, "MB")
		if err := q.Close(); err != nil {
			b.Errorf("Close: %v", err)
		}
		nc.Close()
		s.Close()
		b.StartTimer()
	}
}

// resident returns the bytes that the process has in memory, 0 if the system does not say.
func resident() (bytes int) {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int
	if _, err := fmt.Sscan(strings.TrimSpace(string(data)), &size, &pages); err != nil {
		return 0
	}
	return pages * os.Getpagesize()
}
