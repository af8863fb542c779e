//go:build unix

package natsqueue_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/jobs/natsqueue"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

const (
	texts     = 20_000
	requests  = 4 // of a process at once
	perAnswer = 50
	killers   = 12 // kills of workers
	losses    = 3  // of the server and its folder
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("NATSQUEUE_JOB"); dir != "" {
		if err := work(dir, os.Getenv("NATSQUEUE_REFERENCE"), os.Getenv("NATSQUEUE_URL")); err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var stack = middleware.StandardOptions{
	Batch: middleware.BatchOptions{Limits: embedding.Limits{Texts: perAnswer}},
	Limit: middleware.LimitOptions{InFlight: requests},
}

// work is a process that works on a job.
func work(dir, reference, url string) error {
	e, err := providers.Open(reference)
	if err != nil {
		return err
	}
	j, err := jobs.Open(dir)
	if err != nil {
		return err
	}
	nc, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond), nats.RetryOnFailedConnect(true))
	if err != nil {
		return err
	}
	defer nc.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	q, err := natsqueue.New(ctx, nc, natsqueue.Options{Job: j.Manifest.ID, Lease: 3 * time.Second, Done: j.Done})
	if err != nil {
		return err
	}
	return errors.Join(j.Work(context.Background(), e, jobs.WorkOptions{Queue: q, Check: -1, Stack: stack}), q.Close(), j.Close())
}

// TestKills: four processes work on a job of 20,000 texts. Workers are killed at random, and the
// server is stopped and its folder deleted. Every text is in the results once, they are those of a
// quiet run byte for byte, and what was paid twice was in flight when something ended.
func TestKills(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: processes are killed for half a minute")
	}
	t.Setenv("OPENAI_API_KEY", emulator.DefaultKey)
	service, err := openaitest.New(emulator.Options{Settings: emulator.Settings{Latency: 30 * time.Millisecond, Jitter: 20 * time.Millisecond}})
	if err != nil {
		t.Fatalf("openaitest.New: %v", err)
	}
	web := httptest.NewServer(service)
	defer web.Close()
	reference := "openai:text-embedding-3-small?dimensions=64&base_url=" + web.URL + "/v1&key_env=OPENAI_API_KEY"
	e, err := providers.Open(reference)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	input := filepath.Join(t.TempDir(), "texts.txt")
	var b strings.Builder
	for i := range texts {
		fmt.Fprintf(&b, "the record %d of this file\n", i)
	}
	if err := os.WriteFile(input, []byte(b.String()), 0o600); err != nil {
		t.Fatalf("WriteFile: %v", err)
	}
	plan := func() (*jobs.Job, string) {
		dir := filepath.Join(t.TempDir(), "job")
		p, err := jobs.NewPlan(t.Context(), e, jobs.Options{Inputs: []string{input}, Out: dir, ShardTexts: 500})
		if err != nil {
			t.Fatalf("NewPlan: %v", err)
		}
		j, err := p.Start()
		if err != nil {
			t.Fatalf("Start: %v", err)
		}
		t.Cleanup(func() { _ = j.Close() })
		return j, dir
	}
	quiet, quietDir := plan()
	if err := quiet.Work(t.Context(), e, jobs.WorkOptions{Check: -1, Stack: stack}); err != nil {
		t.Fatalf("the quiet run: %v", err)
	}
	if l := service.Ledger(); l.Texts != texts || l.Twice != 0 {
		t.Fatalf("the quiet run was billed for %d texts, %d of them twice", l.Texts, l.Twice)
	}
	service.Reset()

	j, dir := plan()
	nats := filepath.Join(t.TempDir(), "nats")
	server, err := natsqueue.Serve(natsqueue.ServerOptions{Dir: nats, Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatalf("Serve: %v", err)
	}
	url := server.URL()
	var all [4]*exec.Cmd
	var said [4]*bytes.Buffer
	start := func(i int) {
		all[i] = exec.Command(os.Args[0])
		all[i].Env = append(os.Environ(), "NATSQUEUE_JOB="+dir, "NATSQUEUE_REFERENCE="+reference, "NATSQUEUE_URL="+url)
		said[i] = &bytes.Buffer{}
		all[i].Stderr = said[i]
		if err := all[i].Start(); err != nil {
			t.Fatalf("a worker: %v", err)
		}
	}
	for i := range all {
		start(i)
	}
	kills := 0
	progress := func() int {
		s, err := j.Status()
		if err != nil {
			t.Fatalf("Status: %v", err)
		}
		return s.Done
	}
	for step := range killers + losses {
		for begin := time.Now(); progress() < step*texts/(killers+losses+2) && time.Since(begin) < time.Minute; {
			time.Sleep(10 * time.Millisecond)
		}
		if step%5 == 4 {
			server.Close()
			if err := os.Rename(nats, filepath.Join(t.TempDir(), "lost")); err != nil {
				t.Fatalf("Rename: %v", err)
			}
			if server, err = natsqueue.Serve(natsqueue.ServerOptions{Dir: nats, Addr: strings.TrimPrefix(url, "nats://")}); err != nil {
				t.Fatalf("Serve again: %v", err)
			}
			kills += len(all) // each of them has lost its claims
			continue
		}
		i := rand.IntN(len(all))
		_ = all[i].Process.Kill()
		_ = all[i].Wait()
		kills++
		start(i)
	}
	for i, c := range all {
		if err := c.Wait(); err != nil {
			t.Errorf("a worker: %v\n%s", err, said[i])
		}
	}
	server.Close()

	v, err := j.Verify(t.Context())
	if err != nil || len(v.Problems) > 0 {
		t.Errorf("Verify: %v, %v", v.Problems, err)
	}
	if got, want := sums(t, dir), sums(t, quietDir); got != want {
		t.Error("the results are not those of the quiet run")
	}
	l := service.Ledger()
	bound := kills * requests * perAnswer
	t.Logf("%d kills and losses, %d texts, %d billed, %d twice, at most %d", kills, texts, l.Texts, l.Texts-texts, bound)
	if l.Distinct != texts || l.Texts-texts > bound {
		t.Errorf("%d texts were billed, %d of them different, for %d; want at most %d twice", l.Texts, l.Distinct, texts, bound)
	}
}

// sums is a checksum of all vectors and ids of a job.
func sums(t *testing.T, dir string) string {
	h := sha256.New()
	err := filepath.WalkDir(filepath.Join(dir, "data"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "part.json" { // which counts attempts
			return err
		}
		data, err := os.ReadFile(name)
		fmt.Fprintf(h, "%s %d\n%s", filepath.Base(filepath.Dir(name)), len(data), data)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", dir, err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
