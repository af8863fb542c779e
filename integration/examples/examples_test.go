// Package examples_test builds the examples that need a server and runs them against a real one, as
// their users would.
package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/integration/internal/servers"
)

// program is an example that has been built.
type program struct {
	t    *testing.T
	path string
	env  []string
	dir  string
}

func build(t *testing.T, name string, env ...string) program {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, filepath.Base(name))
	c := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".")
	c.Dir = filepath.Join("..", "..", "examples", name)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program{t, bin, env, dir}
}

// run runs the program in its own folder and returns its output.
func (p program) run(args ...string) (string, error) {
	p.t.Helper()
	c := exec.CommandContext(p.t.Context(), p.path, args...)
	c.Dir = p.dir
	c.Env = append(os.Environ(), p.env...)
	out, err := c.CombinedOutput()
	p.t.Logf("%s\n%s", strings.Join(args, " "), out)
	return string(out), err
}

// must runs the program, which must print each of the texts.
func (p program) must(want []string, args ...string) {
	p.t.Helper()
	out, err := p.run(args...)
	if err != nil {
		p.t.Fatalf("%v: %v", args, err)
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			p.t.Errorf("%v does not print %q", args, w)
		}
	}
}

// fails runs the program, which must fail and print a text.
func (p program) fails(want string, args ...string) {
	p.t.Helper()
	if out, err := p.run(args...); err == nil || !strings.Contains(out, want) {
		p.t.Errorf("%v: %v, want %q", args, err, want)
	}
}

const notes = `The cat sleeps on the sofa all day.

Interest rates rose again, the central bank says.

Patch the tube and pump up the tire of the bicycle.

Knead the dough and let it rest for an hour.`

func (p program) notes() {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, "notes.md"), []byte(notes), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func TestPGVector(t *testing.T) {
	s := servers.Postgres(t)
	p := build(t, "pgvector", "DATABASE_URL="+s.URL)
	p.notes()
	const other = "static:base?dimensions=128"
	p.must([]string{"notes.md: 4 paragraphs"}, "add", "notes.md")
	p.must([]string{"1  0.", "notes.md:3  Patch the tube"}, "search", "how do I repair a bicycle?")
	p.must([]string{"4 of 4 documents read, 4 moved, 0 rejected", "To switch:"}, "migrate", other)
	p.must([]string{"1  0.", "notes.md:3  Patch the tube"}, "-embedder", other, "search", "how do I repair a bicycle?")
	p.must([]string{"notes.md:1  The cat"}, "search", "a pet taking a nap") // the old collection still answers
	p.fails("are one", "migrate", "static:base")
	p.fails("the commands are", "find")
	p.fails("connect", "-dsn", "postgres://postgres@127.0.0.1:1/postgres?sslmode=disable", "search", "a")
}

// TestPlainPgx: the guide's program prints what docs/pgx.md shows, however often it runs.
func TestPlainPgx(t *testing.T) {
	p := build(t, "pgvector/plain", "DATABASE_URL="+servers.Postgres(t).URL)
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "pgx.md"))
	if err != nil {
		t.Fatal("docs/pgx.md:", err)
	}
	_, want, _ := strings.Cut(string(guide), "```text\n")
	want, _, _ = strings.Cut(want, "```")
	for range 2 {
		if out, err := p.run(); err != nil || out != want {
			t.Errorf("%v, and it printed %q, want %q", err, out, want)
		}
	}
}

func TestRedis(t *testing.T) {
	s := servers.Valkey(t)
	p := build(t, "redis", "REDIS_URL="+s.URL)
	p.notes()
	p.must([]string{"notes.md: 4 paragraphs", "0 vectors came from the cache in Redis, 4 were embedded"}, "add", "notes.md")
	p.must([]string{"notes.md: 4 paragraphs", "4 vectors came from the cache in Redis, 0 were embedded"}, "add", "notes.md")
	question := "how do I repair a bicycle?"
	p.must([]string{"1  0.44  notes.md:3  Patch the tube", "0 vectors came from the cache in Redis, 1 were"}, "search", question)
	out, err := p.run("search", question)
	if err != nil || !strings.Contains(out, "1 vectors came from the cache in Redis, 0 were") || strings.Count(out, "notes.md:") != 3 || strings.Count(out, "notes.md:3") != 1 {
		t.Errorf("%v: a document that was added again must replace itself", err)
	}
	s.Stop(t)
	s.Start(t)
	p.must([]string{"1  0.44  notes.md:3  Patch the tube", "1 vectors came from the cache in Redis"}, "search", question)
	const other = "static:base?dimensions=128"
	p.must([]string{"0 vectors came from the cache in Redis, 1 were"}, "-embedder", other, "search", question) // an index of its own, and empty
	p.fails("the commands are", "find")
	p.fails("connect", "-redis", "redis://127.0.0.1:1", "search", "a")
}
