package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/openai/openaitest"
	"github.com/vecspace/embedding/providers/voyage/voyagetest"
)

// One command makes a job of a file, offline; the others look at it, merge it and find damage.
func TestJobOffline(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	in := put(t, "a.txt", "parse flags\nfind files\nread a file") // no line feed at its end
	code, out, errs := vecspace(t, "", "job", "run", "-in", in, "-out", dir, "-shard", "2")
	ended(t, code, 0, out+errs, "3 texts in 1 files, 2 shards", "static:base", "cost      none", dir+": 3 vectors in ")

	code, out, errs = vecspace(t, "", "job", "status", dir)
	ended(t, code, 0, out+errs, "complete, 3 of 3 texts (2 of 2 shards)", "vectors 3, rejected 0")
	code, out, errs = vecspace(t, "", "job", "status", "-json", "-watch", dir)
	ended(t, code, 0, out+errs, `"state": "complete"`)
	var s jobs.Status
	expect.NoError(t, json.Unmarshal([]byte(out), &s))
	expect.Equal(t, "vectors", s.Vectors, 3)

	code, out, errs = vecspace(t, "", "job", "verify", dir)
	ended(t, code, 0, out+errs, "2 parts are whole: 3 texts, 3 vectors, 0 rejected")
	to := filepath.Join(t.TempDir(), "m.npy")
	code, out, errs = vecspace(t, "", "job", "merge", dir, "-o", to)
	ended(t, code, 0, out+errs, "m.npy: 3 vectors")
	want := filepath.Join(t.TempDir(), "e.npy")
	code, _, errs = vecspace(t, "", "embed", "static:base", "-in", in, "-o", want)
	ended(t, code, 0, errs)
	expect.Equal(t, "merged file is what embed writes", content(t, to) == content(t, want), true)
	expect.Equal(t, "ids", content(t, to+".ids"), content(t, want+".ids"))

	code, out, errs = vecspace(t, "", "job", "run", "-in", in, "-out", dir, "-shard", "2")
	ended(t, code, 0, out+errs, "3 vectors")
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "data", "part-000001", "ids.txt"), []byte("7\n"), 0o600))
	code, out, errs = vecspace(t, "", "job", "verify", dir)
	ended(t, code, 1, out+errs, "shard 1: ids.txt has another checksum", "vecspace job retry -shards 1 "+dir)
	code, out, errs = vecspace(t, "", "job", "retry", "-shards", "1", dir)
	ended(t, code, 0, out+errs, "1 shards will be done again")
	code, out, errs = vecspace(t, "", "job", "worker", dir)
	ended(t, code, 0, out+errs, "3 vectors")
	code, _, _ = vecspace(t, "", "job", "verify", "-json", dir)
	expect.Equal(t, "exit code of verify after the repair", code, 0)
}

// Rejected texts end with 1, and say where they are.
func TestJobRejected(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	code, out, errs := vecspace(t, "", "job", "run", "-out", dir, "-to", "jsonl", "-field", "t", "-in",
		put(t, "a.jsonl", `{"t":"a"}`), put(t, "b.jsonl", "{\"t\":\"b\"}\n{}\n"))
	ended(t, code, 1, out+errs, "1 of 3 texts have no vector: see ", "rejected.jsonl")
	got := content(t, filepath.Join(dir, "data", "part-000001", "rejected.jsonl"))
	expect.Equal(t, "rejected", strings.HasPrefix(got, `{"index":2,"input":"b.jsonl","line":2,`), true)
}

// A wrong call ends with 2 and a word on what to write.
func TestJobCalls(t *testing.T) {
	in := put(t, "a.txt", "a\n")
	dir := filepath.Join(t.TempDir(), "out")
	for args, want := range map[string]string{
		"":                                      "which command? There are run, worker",
		"walk":                                  `no command "walk"`,
		"run":                                   "-in FILES is needed",
		"run -in " + in:                         "-out FOLDER is needed",
		"run -out o -in nothing*":               "there is no such file",
		"run -out o -in -":                      "the standard input is none",
		"run -in " + in + " -out o -to csv":     "there are npy, jsonl",
		"run -in " + in + " -out o -to parquet": "-to parquet needs the full build",
		"run -in s3://b/* -out o":               "objects need the full build",
		"run -in " + in + " -out o -dtype float64":                                                             "float32 and float16",
		"run -in " + in + " -out o -to jsonl -dtype float16":                                                   "float16 is for .npy",
		"run -in " + in + " -out o -shard -1":                                                                  "-shard must not",
		"run -in " + in + " -out o -workers -1":                                                                "must not be below 0",
		"run -in " + in + " -out o -executor slow":                                                             "there are sync, batch and auto",
		"run -in " + in + " -out o -batch-texts -1":                                                            "-batch-texts must not",
		"run -in " + in + " -out o -deadline 3h":                                                               "-deadline is for -executor auto",
		"run -in " + in + " -out " + dir + " -executor batch":                                                  "no batch API of static is known here; there are those of dashscope",
		"run -in " + in + " -out o -task cook":                                                                 "document and query",
		"run -in " + in + " -out o -budget x":                                                                  "write a sum",
		"run -in " + in + " -out " + dir + " -e static:base?x=1":                                               "x",
		"run -in " + in + " -out " + dir + " -e openai:m?base_url=http://127.0.0.1:1/v1&dimensions=8&key_env=": "key_env",
		"run -in " + in + " -out o -rpm 9 -window 1m":                                                          "-window is for processes that meet",
		"run -in " + in + " -out o -nats a -window -1s":                                                        "not below 0",
		"status":                     "one folder of a job is needed",
		"retry -shards x " + dir:     "numbers with commas",
		"merge " + dir + " -o x y z": "one folder",
	} {
		t.Run(args, func(t *testing.T) {
			code, out, errs := vecspace(t, "", append([]string{"job"}, strings.Fields(args)...)...)
			ended(t, code, 2, out+errs, want)
		})
	}
	for _, name := range []string{"status", "pause", "resume", "cancel", "retry", "verify", "merge", "worker"} {
		code, out, errs := vecspace(t, "", "job", name, dir)
		ended(t, code, 1, out+errs, "has no job")
		code, out, _ = vecspace(t, "", "job", name, "-h")
		ended(t, code, 0, out, "usage: vecspace job "+name)
	}
	for _, args := range [][]string{{"job", "-h"}, {"help", "job"}, {"job", "run", "-h"}} {
		code, out, _ := vecspace(t, "", args...)
		ended(t, code, 0, out, "usage: vecspace job run")
	}
}

// paying serves an emulator of OpenAI and returns a reference to it.
func paying(t *testing.T) (*emulator.Server, string) {
	t.Helper()
	t.Setenv("OPENAI_API_KEY", emulator.DefaultKey)
	server, err := openaitest.New(emulator.Options{})
	expect.NoError(t, err)
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	return server, "openai:text-embedding-3-small?dimensions=8&key_env=OPENAI_API_KEY&base_url=" + web.URL + "/v1"
}

func textsOf(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "this is the text %d\n", i)
	}
	return b.String()
}

// A job that costs money needs -yes where nobody can be asked, says what it costs before, and
// counts what it has cost as the provider does.
func TestJobPays(t *testing.T) {
	server, ref := paying(t)
	dir := filepath.Join(t.TempDir(), "out")
	in := put(t, "a.txt", textsOf(300))
	args := []string{"job", "run", "-in", in, "-out", dir, "-e", ref, "-shard", "50"}
	code, out, errs := vecspace(t, "y\n", args...)
	ended(t, code, 2, out+errs, "300 texts", "tokens", "add -yes")
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder is there before somebody agreed")
	}
	expect.Equal(t, "requests before somebody agreed", server.Ledger().Requests, 0)
	code, out, errs = vecspace(t, "", append(args, "-yes")...)
	ended(t, code, 0, out+errs, "300 vectors")
	code, out, _ = vecspace(t, "", "job", "status", "-json", dir)
	var s jobs.Status
	expect.NoError(t, json.Unmarshal([]byte(out), &s))
	expect.Equal(t, "exit code", code, 0)
	expect.Equal(t, "tokens", s.Tokens, server.Ledger().Tokens)
	expect.Equal(t, "requests", s.Requests, server.Ledger().Billed)
}

// A refused key pauses the job: exit code 3, the reason, a few requests; the next run says it at
// once. After resume it is done.
func TestJobPaused(t *testing.T) {
	server, ref := paying(t)
	t.Setenv("OPENAI_API_KEY", "sk-wrong")
	dir := filepath.Join(t.TempDir(), "out")
	args := []string{"job", "run", "-in", put(t, "a.txt", textsOf(300)), "-out", dir, "-e", ref, "-shard", "50", "-yes"}
	for range 2 {
		code, out, errs := vecspace(t, "", args...)
		ended(t, code, 3, out+errs, "is paused (auth)", "vecspace job resume "+dir)
		if strings.Contains(errs, "sk-wrong") {
			t.Error("the error has the key")
		}
	}
	if n := server.Ledger().Requests; n > 8 {
		t.Errorf("got %d requests with a wrong key, want a few", n)
	}
	code, out, errs := vecspace(t, "", "job", "status", dir)
	ended(t, code, 0, out+errs, "paused (auth): ", ": paused, 0 of 300 texts")
	t.Setenv("OPENAI_API_KEY", emulator.DefaultKey)
	code, out, errs = vecspace(t, "", "job", "resume", dir)
	ended(t, code, 0, out+errs, "run the job again")
	code, out, errs = vecspace(t, "", "job", "resume", dir)
	ended(t, code, 0, out+errs, "was not paused")
	code, out, errs = vecspace(t, "", args...)
	ended(t, code, 0, out+errs, "300 vectors")
	expect.Equal(t, "texts billed", server.Ledger().Texts, 300)
}

// pause and cancel are heard, and what was done stays.
func TestJobPauseAndCancel(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	args := []string{"job", "run", "-in", put(t, "a.txt", textsOf(10)), "-out", dir, "-shard", "5"}
	code, out, errs := vecspace(t, "", args...)
	ended(t, code, 0, out+errs)
	code, out, errs = vecspace(t, "", "job", "pause", dir)
	ended(t, code, 0, out+errs, "vecspace job resume "+dir)
	code, out, errs = vecspace(t, "", args...)
	ended(t, code, 3, out+errs, "paused (asked)")
	code, out, errs = vecspace(t, "", "job", "cancel", dir)
	ended(t, code, 0, out+errs, "canceled")
	code, out, errs = vecspace(t, "", args...)
	ended(t, code, 1, out+errs, "the job was canceled")
	code, out, errs = vecspace(t, "", "job", "status", dir)
	ended(t, code, 0, out+errs, "canceled, 10 of 10 texts")
}

// A budget that is used up pauses the job, counts what earlier runs have spent, and a higher one
// goes on.
func TestJobBudget(t *testing.T) {
	t.Setenv("VOYAGE_API_KEY", emulator.DefaultKey)
	server, err := voyagetest.New(emulator.Options{})
	expect.NoError(t, err)
	web := httptest.NewServer(server)
	defer web.Close()
	ref := "voyage:voyage-4?dimensions=256&base_url=" + web.URL + voyagetest.BasePath
	dir := filepath.Join(t.TempDir(), "out")
	args := []string{"job", "run", "-in", put(t, "a.txt", textsOf(4000)), "-out", dir, "-e", ref, "-shard", "500", "-yes", "-workers", "1", "-parallel", "1"}
	code, out, errs := vecspace(t, "", append(args, "-budget", "0.001USD")...)
	ended(t, code, 3, out+errs, "is paused (money)", "budget")
	spent := server.Ledger().Tokens
	if cost := float64(spent) * .06 / 1e6; cost > .00101 || cost < .0004 {
		t.Errorf("got the cost %.6f, want most of the budget of 0.001 and no more", cost)
	}
	code, out, errs = vecspace(t, "", "job", "resume", dir)
	ended(t, code, 0, out+errs)
	code, out, errs = vecspace(t, "", append(args, "-budget", "1EUR")...)
	ended(t, code, 2, out+errs, "EUR")
	code, out, errs = vecspace(t, "", append(args, "-budget", "0.0000001USD")...)
	ended(t, code, 2, out+errs, "has spent", "raise it")
	code, out, errs = vecspace(t, "", append(args, "-budget", "1USD")...)
	ended(t, code, 0, out+errs, "4000 vectors")
	expect.Equal(t, "texts billed", server.Ledger().Texts, 4000)
}

// An interrupted job says how far it is, and the same command goes on.
func TestJobInterrupted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	args := []string{"job", "run", "-in", put(t, "a.txt", textsOf(100)), "-out", dir, "-shard", "10"}
	ctx, cancel := context.WithCancel(t.Context())
	f, err := Parts{}.jobRunFlags(ctx, args[2:], streams{})
	expect.NoError(t, err)
	cancel()
	var b strings.Builder
	err = Parts{}.jobRun(ctx, args[2:], streams{strings.NewReader(""), &b, &b})
	if !errors.Is(err, context.Canceled) && (err == nil || !strings.Contains(err.Error(), "interrupted: 0 texts are done")) {
		t.Errorf("got the error %v, want a word on the interruption", err)
	}
	expect.Equal(t, "files", len(f.Inputs), 1)
	code, out, errs := vecspace(t, "", args...)
	ended(t, code, 0, out+errs, "100 vectors")
}

// What a plan says of money, size and time.
func TestPlanText(t *testing.T) {
	var f jobFlags
	f.Out, f.To, f.Reference = "out", "npy", "acme:m"
	f.stack.Limit.RPM, f.stack.Limit.TPM = 60, 1000
	m := jobs.Manifest{ID: "abc", Plan: jobs.Figures{Texts: 64_000, Tokens: 500_000, Shards: 13}, Price: &jobs.Price{PerMillion: 2, Currency: "USD"}}
	m.Spec.Embedder.Dimensions = 100
	model := embedding.Model{Limits: embedding.Limits{Texts: 64}}
	holds(t, f.planText(m, model), "64000 texts", "about 1.00 USD for 500000 tokens", "about 25 MB", "at least 8h20m0s by")
	m.Price, f.stack.Limit.TPM = nil, 0
	holds(t, f.planText(m, model), "cost      unknown", "at least 16m40s")
	for n, want := range map[int64]string{9: "9 bytes", 12_000: "12 kB", 4_100_000_000: "4100 MB", 41_000_000_000: "41 GB", 41_000_000_000_000_000: "41000 TB"} {
		expect.Equal(t, "size", bytesText(n), want)
	}
}
