package pgtable_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/providers"
)

// finished returns the folder of a job of 20 texts.
func finished(t *testing.T) string {
	t.Helper()
	in, dir := filepath.Join(t.TempDir(), "in.txt"), filepath.Join(t.TempDir(), "out")
	var b strings.Builder
	for i := range 20 {
		fmt.Fprintf(&b, "the report %d\n", i)
	}
	expect.NoError(t, os.WriteFile(in, []byte(b.String()), 0o600))
	e, err := providers.Open(local)
	expect.NoError(t, err)
	p, err := jobs.NewPlan(t.Context(), e, jobs.Options{Inputs: []string{in}, Out: dir})
	expect.NoError(t, err)
	j, err := p.Start()
	expect.NoError(t, err)
	expect.NoError(t, j.Work(t.Context(), e, jobs.WorkOptions{}))
	expect.NoError(t, j.Close())
	return dir
}

// The commands of the full build, as a user calls them.
func TestCommand(t *testing.T) {
	s := newSite(t)
	program := filepath.Join(t.TempDir(), "vecspace")
	build := exec.Command("go", "build", "-o", program, "./cmd/vecspace")
	build.Dir = filepath.Join("..", "..", "full")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	s.docs("docs", 500)
	run := func(code int, words string, args ...string) {
		t.Helper()
		cmd := exec.Command(program, append([]string{"job", args[0], s.url}, args[1:]...)...)
		cmd.Env = append(os.Environ(), "OPENAI_API_KEY=sk-wrong")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		got := 0
		if err := cmd.Run(); err != nil {
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok {
				t.Fatalf("%v: %v", args, err)
			}
			got = exit.ExitCode()
		}
		if got != code || !strings.Contains(out.String(), words) {
			t.Errorf("%v: got the exit code %d, want %d and %q in the output\n%s", args, got, code, words, &out)
		}
	}
	initial := []string{"init", "-table", "docs", "-key", "id", "-text", titleAndBody, "-into", "docs_vec", "-e", local}
	run(0, "changes of docs are noted", initial...)
	run(0, "changes of docs are noted", initial...)
	run(1, "its space is", "init", "-table", "docs", "-text", titleAndBody, "-into", "docs_vec")
	run(1, "no column", "init", "-table", "docs", "-key", "absent", "-text", titleAndBody, "-into", "other")
	run(0, "current", "worker", "-into", "docs_vec")
	run(0, "500 vectors are of their text", "verify", "-into", "docs_vec")
	s.exec("UPDATE docs SET title = 'x' WHERE id <= 3")
	run(1, "3 are noted", "verify", "-into", "docs_vec")
	run(0, "waiting, 3 rows noted", "status", "-into", "docs_vec")
	run(0, "paused", "pause", "-into", "docs_vec")
	run(3, "paused (asked)", "worker", "-into", "docs_vec")
	run(0, `"kind": "asked"`, "status", "-into", "docs_vec", "-json")
	run(0, "resumed", "resume", "-into", "docs_vec")
	run(0, "current", "worker", "-into", "docs_vec")
	s.exec("DELETE FROM docs_vec WHERE pk = 9")
	run(1, "9: no vector", "verify", "-into", "docs_vec")
	run(0, "start a worker", "retry", "-into", "docs_vec", "-all")
	run(0, "current", "worker", "-into", "docs_vec")
	run(0, "500 vectors are of their text", "verify", "-into", "docs_vec")
	run(0, "removed", "drop", "-into", "docs_vec")
	run(1, "nobody keeps vectors", "status", "-into", "docs_vec")
	job := finished(t)
	run(0, "20 vectors; now create an index: CREATE INDEX ON copied USING hnsw (embedding vector_cosine_ops)", "merge", job, "-into", "copied")
	run(1, "there is a table", "merge", job, "-into", "copied")
	expect.Equal(t, "rows that were copied", one[int](s, "SELECT count(DISTINCT embedding) FROM copied"), 20)
	expect.Equal(t, "rows that are left", one[int](s, "SELECT count(*) FROM docs"), 500)
}
