// Package examples_test builds the examples that need a server and runs them against a real one, as
// their users would.
package examples_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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

// TestPlainPgxIndex: in a table that is worth it, which also holds vectors of another model and
// length, the statement in docs/pgx.md and the program's own search use the index that both make.
func TestPlainPgxIndex(t *testing.T) {
	url := servers.Postgres(t).URL
	p := build(t, "pgvector/plain", "DATABASE_URL="+url)
	p.must([]string{"0.39  The cat"})
	ctx := t.Context()
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal("connect:", err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "pgx.md"))
	if err != nil {
		t.Fatal("docs/pgx.md:", err)
	}
	blocks := strings.Split(string(guide), "```sql\n")
	if len(blocks) != 3 {
		t.Fatalf("docs/pgx.md has %d blocks of SQL, want 2", len(blocks)-1)
	}
	create, _, _ := strings.Cut(blocks[1], "```")
	explain, _, _ := strings.Cut(blocks[2], ";")
	_, index, _ := strings.Cut(blocks[2], "using ")
	index, _, _ = strings.Cut(index, " ")
	_, space, _ := strings.Cut(create, "space = ")
	space, _, _ = strings.Cut(space, ";")
	for _, statement := range []string{
		`INSERT INTO passages SELECT 'text ' || i, ` + space + `, array_agg(random() - 0.5)::vector
			FROM generate_series(1, 3000) i, generate_series(1, 256) GROUP BY i`,
		`INSERT INTO passages SELECT 'text ' || i, 'acme/other@3', '[1,2,3]' FROM generate_series(1, 100) i`,
		`ANALYZE passages`, create,
	} {
		if _, err := db.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	var indexes int
	if err := db.QueryRow(ctx, `SELECT count(*) FROM pg_indexes WHERE tablename = 'passages' AND indexdef LIKE '%hnsw%'`).Scan(&indexes); err != nil || indexes != 1 {
		t.Errorf("%v, and %d indexes, want that the program and the guide make the same one", err, indexes)
	}
	vector := "[1" + strings.Repeat(",1", 255) + "]"
	rows, err := db.Query(ctx, strings.Replace(explain, "$1", "'"+vector+"'", 1))
	if err != nil {
		t.Fatal("EXPLAIN:", err)
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || !strings.Contains(strings.Join(plan, "\n"), "Index Scan using "+index) {
		t.Errorf("%v, and the plan is\n%s\nwant a scan of %s", err, strings.Join(plan, "\n"), index)
	}
	scans := func() (n int) {
		if err := db.QueryRow(ctx, `SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = $1`, index).Scan(&n); err != nil {
			t.Fatal("pg_stat_user_indexes:", err)
		}
		return n
	}
	before := scans()
	p.must([]string{"0.", "text "})                                                             // the index is approximate: among some random vectors it misses the cat
	for end := time.Now().Add(10 * time.Second); scans() == before && time.Now().Before(end); { // until the server has counted
		time.Sleep(50 * time.Millisecond)
	}
	if after := scans(); after != before+1 {
		t.Errorf("the program's search scanned the index %d times, want once", after-before)
	}
	if _, err := db.Exec(ctx, "ALTER DATABASE postgres SET enable_indexscan = off"); err != nil { // and each row is compared
		t.Fatal("ALTER DATABASE:", err)
	}
	p.must([]string{"0.39  The cat"})
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
