//go:build unix

package parquet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

// asWorker and its fellow make the test binary work on a job.
const (
	asWorker  = "PARQUET_TEST_JOB"
	withModel = "PARQUET_TEST_REFERENCE"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(asWorker); dir != "" {
		if err := work(dir, os.Getenv(withModel)); err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// What one process may have under way when it is killed.
const (
	inFlight  = 4  // requests
	perAnswer = 50 // texts of a request
)

func work(dir, reference string) error {
	e, err := providers.Open(reference)
	if err != nil {
		return err
	}
	j, err := Formats().Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(j.Work(context.Background(), e, jobs.WorkOptions{Check: -1, Stack: middleware.StandardOptions{
		Batch: middleware.BatchOptions{Limits: embedding.Limits{Texts: perAnswer}},
		Limit: middleware.LimitOptions{InFlight: inFlight},
	}}), j.Close())
}

// TestKills: processes of a job from Parquet to Parquet are killed at random. The files are those
// of a quiet run byte for byte, and no more is paid for again than was in flight.
func TestKills(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", emulator.DefaultKey)
	service, err := openaitest.New(emulator.Options{Settings: emulator.Settings{Latency: 30 * time.Millisecond, Jitter: 20 * time.Millisecond}})
	expect.NoError(t, err)
	web := httptest.NewServer(service)
	defer web.Close()
	reference := "openai:text-embedding-3-small?dimensions=64&base_url=" + web.URL + "/v1&key_env=OPENAI_API_KEY"
	e, err := providers.Open(reference)
	expect.NoError(t, err)
	const texts = 6000
	all := docs(texts)
	for i := range all {
		all[i].Text = text(fmt.Sprintf("the record %d of this file", i))
	}
	in := put(t, all)
	run := func(blows int) (files []byte, s jobs.Success) {
		service.Reset()
		dir := filepath.Join(t.TempDir(), "out")
		p, err := jobs.NewPlan(t.Context(), e, jobs.Options{Inputs: []string{in}, Out: dir, Field: "text", ID: "key", To: "parquet", ShardTexts: 150, Formats: Formats()})
		expect.NoError(t, err)
		j, err := p.Start()
		expect.NoError(t, err)
		defer j.Close()
		var running [3]*exec.Cmd
		begin := func() *exec.Cmd {
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), asWorker+"="+dir, withModel+"="+reference)
			c.Stderr = os.Stderr
			expect.NoError(t, c.Start())
			return c
		}
		for i := range running {
			running[i] = begin()
		}
		for range blows {
			time.Sleep(time.Duration(rand.Int64N(int64(200 * time.Millisecond))))
			i := rand.IntN(len(running))
			_ = running[i].Process.Kill() // it may have ended
			_ = running[i].Wait()
			running[i] = begin()
		}
		for _, c := range running {
			expect.NoError(t, c.Wait())
		}
		v, err := j.Verify(t.Context())
		expect.NoError(t, err)
		expect.Equal(t, "verified", v, jobs.Verified{Parts: texts / 150, Texts: texts, Vectors: texts})
		data, err := os.ReadFile(filepath.Join(dir, "_SUCCESS.json"))
		expect.NoError(t, err)
		expect.NoError(t, json.Unmarshal(data, &s))
		for n := range texts / 150 {
			data, err := os.ReadFile(filepath.Join(dir, "data", fmt.Sprintf("part-%06d", n), "vectors.parquet"))
			expect.NoError(t, err)
			files = append(files, data...)
		}
		return files, s
	}
	quiet, was := run(0)
	expect.Equal(t, "texts billed in a quiet run", service.Ledger().Texts, texts)
	const blows = 20
	killed, is := run(blows)
	expect.Equal(t, "the same bytes", bytes.Equal(killed, quiet), true)
	expect.Equal(t, "checksum", is.Checksum, was.Checksum)
	l := service.Ledger()
	if again, bound := l.Texts-l.Distinct, blows*inFlight*perAnswer; again > bound {
		t.Errorf("got %d texts that were paid for again, want at most %d", again, bound)
	}
	t.Logf("%d kills, %d texts, %d of them paid for again, bound %d", blows, texts, l.Texts-l.Distinct, blows*inFlight*perAnswer)
}

// cpu returns the time that the process has computed.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	expect.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sentence returns a text of 13 words.
func sentence(i int) string {
	return fmt.Sprintf("the report %d says that prices of wheat and rice rose in %d markets", i, i%97)
}

// sentences returns a file of n texts, in lines or as Parquet.
func sentences(b *testing.B, n int, table bool) []byte {
	type record struct {
		ID   int64  `parquet:"id"`
		Text string `parquet:"text"`
	}
	var lines bytes.Buffer
	var records []record
	for i := range n {
		if text := sentence(i); table {
			records = append(records, record{int64(i), text})
		} else {
			fmt.Fprintln(&lines, text)
		}
	}
	if table {
		return encode(b, records)
	}
	return lines.Bytes()
}

// BenchmarkStatic compares a whole job to Parquet, its plan included, with embedding.Stream alone,
// by texts a second of CPU. The input is lines, or Parquet too. JOBS_LINES sets the number of texts
// of 13 words.
func BenchmarkStatic(b *testing.B) {
	n := 200_000
	if set, err := strconv.Atoi(os.Getenv("JOBS_LINES")); err == nil {
		n = set
	}
	e, err := providers.Open("static:base")
	expect.NoError(b, err)
	for name, o := range map[string]jobs.Options{
		"lines to npy": {}, "lines to parquet": {To: "parquet"}, "parquet to parquet": {To: "parquet", Field: "text", ID: "id"},
	} {
		dir := b.TempDir()
		in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		expect.NoError(b, os.WriteFile(in, sentences(b, n, o.Field != ""), 0o600))
		o.Inputs, o.Out, o.Formats = []string{in}, out, Formats()
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				begin := cpu(b)
				p, err := jobs.NewPlan(b.Context(), e, o)
				expect.NoError(b, err)
				j, err := p.Start()
				expect.NoError(b, err)
				expect.NoError(b, j.Work(b.Context(), e, jobs.WorkOptions{}))
				expect.NoError(b, j.Close())
				job := cpu(b) - begin
				expect.NoError(b, os.RemoveAll(out))
				texts := make([]string, min(n, 200_000))
				for i := range texts {
					texts[i] = sentence(i)
				}
				runtime.GC()
				begin = cpu(b)
				chain := embedding.Chain(e, middleware.Standard(middleware.StandardOptions{}))
				var total float32
				for range n / len(texts) {
					for got, err := range embedding.Stream(b.Context(), chain, slices.Values(texts), func(s string) string { return s }) {
						expect.NoError(b, err)
						total += got.Vector[0]
					}
				}
				stream := (cpu(b) - begin) * time.Duration(n) / time.Duration(n/len(texts)*len(texts))
				b.ReportMetric(float64(n)/job.Seconds(), "texts/CPU-s")
				b.ReportMetric(float64(n)/stream.Seconds(), "Stream-texts/CPU-s")
				b.ReportMetric(float64(stream)/float64(job), "share")
			}
		})
	}
}
