package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/openaitest"
)

// start runs the program beside the test. end waits for it.
func start(t *testing.T, args ...string) (end func() (int, string)) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "OPENAI_API_KEY="+emulator.DefaultKey)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	expect.NoError(t, cmd.Start())
	return func() (int, string) {
		_ = cmd.Wait() // the exit code says it
		return cmd.ProcessState.ExitCode(), out.String()
	}
}

// TestJobOverNATS: a run and two workers that meet at its server share the shards, and no text is
// paid for twice. Together they keep to -rpm.
func TestJobOverNATS(t *testing.T) {
	service, err := openaitest.New(emulator.Options{Settings: emulator.Settings{Latency: 20 * time.Millisecond}})
	expect.NoError(t, err)
	srv := httptest.NewServer(service)
	defer srv.Close()
	dir := t.TempDir()
	var b strings.Builder
	const texts = 4_000
	for i := range texts {
		fmt.Fprintf(&b, "text %d\n", i)
	}
	in, out, token := filepath.Join(dir, "in.txt"), filepath.Join(dir, "out"), filepath.Join(dir, "token")
	expect.NoError(t, os.WriteFile(in, []byte(b.String()), 0o600))
	expect.NoError(t, os.WriteFile(token, []byte("a-secret\n"), 0o600))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	expect.NoError(t, err)
	addr := l.Addr().String()
	expect.NoError(t, l.Close())

	const rate = 6_000 // a minute, of which 94 of 100 are used
	begin := time.Now()
	run := start(t, "job", "run", "-in", in, "-out", out, "-shard", "100", "-yes", "-listen", addr, "-token-file", token, "-check", "-1",
		"-parallel", "4", "-rpm", fmt.Sprint(rate), "-e", "openai:text-embedding-3-small?dimensions=64&max_texts=10&key_env=OPENAI_API_KEY&base_url="+srv.URL+"/v1")
	for {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			_ = c.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	code, said := start(t, "job", "worker", out, "-nats", "nats://"+addr)()
	if code != 1 || !strings.Contains(strings.ToLower(said), "authorization") {
		t.Errorf("without the token: got %d and %s", code, said)
	}
	var workers []func() (int, string)
	for range 2 {
		workers = append(workers, start(t, "job", "worker", out, "-nats", "nats://"+addr, "-token-file", token, "-parallel", "4", "-check", "-1", "-rpm", fmt.Sprint(rate)))
	}
	for i, end := range append(workers, run) {
		if code, said := end(); code != 0 {
			t.Errorf("process %d: got %d\n%s", i, code, said)
		}
	}
	took := time.Since(begin)
	n := service.Ledger()
	expect.Equal(t, "texts billed", n.Texts, texts)
	expect.Equal(t, "texts billed twice", n.Twice, 0)
	if least := texts / 10 * time.Minute / rate; took < least*9/10 {
		t.Errorf("%d requests took %v, want at least %v", texts/10, took, least)
	}
	code, said = start(t, "job", "verify", out)()
	if code != 0 {
		t.Errorf("verify: got %d\n%s", code, said)
	}
}

func TestMeetingFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-listen 127.0.0.1:1 -nats nats://127.0.0.1:1": "leave out -nats",
		"-listen 0.0.0.0:0":                            "needs a token",
		"-nats nats://127.0.0.1:1":                     "no servers available",
		"-nats nats://127.0.0.1:1 -token-file none":    "none",
	} {
		dir := t.TempDir()
		in := filepath.Join(dir, "in.txt")
		expect.NoError(t, os.WriteFile(in, []byte("a\n"), 0o600))
		code, said := start(t, append([]string{"job", "run", "-in", in, "-out", filepath.Join(dir, "out")}, strings.Fields(args)...)...)()
		if code == 0 || !strings.Contains(said, want) {
			t.Errorf("%s: got %d and %s, want %q", args, code, said, want)
		}
	}
}
