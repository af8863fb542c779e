// Command served measures "vecspace serve" on one machine in one run: what it adds to a request,
// hits of its cache on one core, its memory, floats beside a server that prints by encoding/json,
// refusals over the bound, and slow connections beside a fast one.
//
//	go run ./benchmarks/served
//	go run ./benchmarks/served -litellm litellm   # LiteLLM's proxy in the same run
//
// The upstream answers any request at once with ten stored vectors of 1,024 dimensions. It, the
// servers and the client share the machine, so ratios and CPU seconds say more than times.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	if how := os.Getenv(childVariable); how != "" {
		if err := serveChild(how); err != nil {
			fmt.Fprintln(os.Stderr, "served:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	requests := flag.Int("n", 3000, "requests of a measurement of time")
	litellm := flag.String("litellm", "", "the program of LiteLLM's proxy, to measure it beside")
	flag.Parse()
	if err := run(ctx, *requests, *litellm); err != nil {
		fmt.Fprintln(os.Stderr, "served:", err)
		os.Exit(1)
	}
}

// bench is a run.
type bench struct {
	ctx      context.Context
	vecspace string // the program
	upstream string // base URL
	n        int
	out      *tabwriter.Writer
}

func (b *bench) say(bar, got, want string, met bool) {
	verdict := "met"
	if !met {
		verdict = "MISSED"
	}
	fmt.Fprintf(b.out, "| %s\t| %s\t| %s\t| %s\t|\n", bar, got, want, verdict)
	_ = b.out.Flush()
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func run(ctx context.Context, n int, litellm string) error {
	dir, err := os.MkdirTemp("", "served")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{ctx: ctx, vecspace: filepath.Join(dir, "vecspace"), n: n, out: tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.vecspace, "github.com/vecspace/embedding/cmd/vecspace").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	stub := &http.Server{Handler: upstream(), ReadHeaderTimeout: time.Minute}
	go func() { _ = stub.Serve(l) }()
	defer func() { _ = stub.Close() }()
	b.upstream = "http://" + l.Addr().String() + "/v1"
	fmt.Printf("%s, %d CPUs, %s/%s, %s\n\n", runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, time.Now().Format(time.DateOnly))
	fmt.Fprintln(b.out, "| bar\t| got\t| want\t|\t|\n| ---\t| ---\t| ---\t| ---\t|")
	for _, part := range []func() error{b.added, b.hits, b.floats, b.refusals, b.slow} {
		if err := part(); err != nil {
			return err
		}
	}
	if litellm != "" {
		return b.litellm(litellm, dir)
	}
	return nil
}
