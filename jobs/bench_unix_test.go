//go:build unix

package jobs

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

// cpu returns the time that the process has computed.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	expect.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident returns the bytes that the process has in memory, 0 if the system does not say.
func resident() int {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		return 0
	}
	return pages * os.Getpagesize()
}

// BenchmarkStatic compares a whole job, its plan included, with embedding.Stream alone, by texts a
// second of CPU, and shows the most memory that the process has. JOBS_LINES sets the number of
// texts of 13 words.
func BenchmarkStatic(b *testing.B) {
	n := 200_000
	if set, err := strconv.Atoi(os.Getenv("JOBS_LINES")); err == nil {
		n = set
	}
	in := filepath.Join(b.TempDir(), "texts.txt")
	f, err := os.Create(in)
	expect.NoError(b, err)
	text := func(i int) string {
		return fmt.Sprintf("the report %d says that prices of wheat and rice rose in %d markets", i, i%97)
	}
	lines := bufio.NewWriter(f)
	for i := range n {
		fmt.Fprintln(lines, text(i))
	}
	expect.NoError(b, errors.Join(lines.Flush(), f.Close()))
	e, err := providers.Open("static:base")
	expect.NoError(b, err)
	out := filepath.Join(b.TempDir(), "out")
	for b.Loop() {
		most, done := 0, make(chan struct{})
		go func() {
			for every := time.NewTicker(10 * time.Millisecond); ; {
				select {
				case <-done:
					every.Stop()
					return
				case <-every.C:
					most = max(most, resident())
				}
			}
		}()
		begin := cpu(b)
		p, err := NewPlan(b.Context(), e, Options{Inputs: []string{in}, Out: out})
		expect.NoError(b, err)
		planned := cpu(b) - begin
		j, err := p.Start()
		expect.NoError(b, err)
		expect.NoError(b, j.Work(b.Context(), e, WorkOptions{}))
		expect.NoError(b, j.Close())
		job := cpu(b) - begin
		done <- struct{}{}
		// New files get the memory of removed ones, which is not a machine's first touch of it.
		expect.NoError(b, os.RemoveAll(out))
		texts := make([]string, min(n, 200_000)) // so that Stream's own time has nothing else in it
		for i := range texts {
			texts[i] = text(i)
		}
		runtime.GC()
		begin = cpu(b)
		chain := embedding.Chain(e, middleware.Standard(middleware.StandardOptions{}))
		var total float32
		passes := max(1, n/len(texts)) // as long as the job, for the noise of the machine
		for range passes {
			for got, err := range embedding.Stream(b.Context(), chain, slices.Values(texts), func(s string) string { return s }) {
				expect.NoError(b, err)
				total += got.Vector[0]
			}
		}
		stream := (cpu(b) - begin).Seconds() / float64(passes*len(texts))
		b.ReportMetric(float64(n)/job.Seconds(), "texts/CPU-s")
		b.ReportMetric(1/stream, "Stream-texts/CPU-s")
		b.ReportMetric(stream*float64(n)/job.Seconds(), "share")
		b.ReportMetric(planned.Seconds()/job.Seconds(), "plan-share")
		b.ReportMetric(float64(most)/1e6, "MB")
	}
}
