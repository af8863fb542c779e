package pgtable_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs/pgtable"
)

// Keys may be of any type, and names and texts hold any character.
func TestKeysAndNames(t *testing.T) {
	all := newSite(t)
	e := static(t, local)
	all.exec(`CREATE SCHEMA "we.ird ""schema"`)
	all.exec(`CREATE EXTENSION citext`)
	all.exec(`CREATE TYPE "Mood 1" AS ENUM ('it''s', 'b')`)
	all.exec(`CREATE DOMAIN short AS varchar(9)`)
	for n, c := range []struct{ typ, a, b string }{
		{"bigint", "-1", "9223372036854775807"},
		{"uuid", "00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
		{"text", `it's "quoted", {a,b}\ NULL`, "NULL"},
		{`text COLLATE "POSIX"`, "a", "B"},
		{"varchar(5)", "abcde", ""},
		{"char(4)", "ab", "c"},
		{"citext", "Ab", "b"},
		{"numeric", "1.50", "NaN"},
		{"numeric(6,2)", "1.50", "-3"},
		{"double precision", "0.1", "NaN"},
		{"timestamptz", "2026-11-29 12:00:00.123456+02", "infinity"},
		{"date", "2026-11-29", "0044-03-15 BC"},
		{"bytea", `\x00ff`, `\x`},
		{"inet", "10.0.0.1", "::1"},
		{"jsonb", `{"a": "it's"}`, "[]"},
		{"int[]", "{1,2}", "{}"},
		{`"Mood 1"`, "it's", "b"},
		{"short", "x y", "z"},
		{"boolean", "t", "f"},
	} {
		t.Run(c.typ, func(t *testing.T) {
			s := all.in(t)
			table := fmt.Sprintf(`"we.ird ""schema"."Ta'b;le $%d %%s {key}"`, n)
			s.exec(fmt.Sprintf(`CREATE TABLE %s ("K'e""y $1" %s PRIMARY KEY, "te'xt" text, r text, same text, old text, "new" text)`, table, c.typ))
			if strings.Contains(c.typ, "text") && c.typ != "citext" {
				s.exec(fmt.Sprintf(`INSERT INTO %s VALUES ($1, 'x')`, table), `a\b`)
			}
			put := fmt.Sprintf(`INSERT INTO %s VALUES ($1::text::%s, $2)`, table, strings.Fields(c.typ)[0])
			if c.typ == `"Mood 1"` || c.typ == "double precision" {
				put = strings.Replace(put, "::"+strings.Fields(c.typ)[0], "::"+c.typ, 1)
			}
			s.exec(put, c.a, `it's a "text" with \ and $1 and ü`)
			into := fmt.Sprintf(`"we.ird ""schema"."In""to; %d '$$"`, n)
			kept := s.init(pgtable.Spec{Table: table, Text: `coalesce(r, same, old, "new", '') || "te'xt" -- it's the text`, Into: into, Reference: local}, e)
			s.work(kept, e)
			s.exec(put, c.b, "the other")
			s.exec(fmt.Sprintf(`UPDATE %s SET "te'xt" = "te'xt" || '!'`, table))
			s.work(kept, e)
			r := s.verify(kept)
			expect.Equal(t, "vectors", r.Vectors, one[int](s, "SELECT count(*) FROM "+table))
			s.exec("DELETE FROM " + table)
			s.work(kept, e)
			expect.Equal(t, "vectors left", one[int](s, "SELECT count(*) FROM "+into), 0)
			expect.NoError(t, kept.Drop(t.Context(), false))
		})
	}
}

// What cannot be kept is refused in words, and leaves nothing behind.
func TestRefused(t *testing.T) {
	s := newSite(t)
	e := static(t, local)
	s.exec("CREATE EXTENSION vector")
	s.docs("docs", 3)
	s.exec("CREATE TABLE nokey (a int, b text)")
	s.exec("CREATE TABLE twokeys (a int, b int, t text, n int UNIQUE, PRIMARY KEY (a, b))")
	s.exec("CREATE TABLE parts (id int PRIMARY KEY, t text) PARTITION BY RANGE (id)")
	s.exec("CREATE VIEW seen AS SELECT * FROM docs")
	s.exec("CREATE TABLE taken (x int)")
	s.exec("CREATE TABLE half_queue (x int)")
	for _, c := range []struct {
		spec  pgtable.Spec
		words []string
	}{
		{pgtable.Spec{Table: "nokey", Text: "b", Into: "v"}, []string{"no primary key", "ALTER TABLE"}},
		{pgtable.Spec{Table: "twokeys", Text: "t", Into: "v"}, []string{"columns a, b", "alone is needed"}},
		{pgtable.Spec{Table: "twokeys", Key: "a", Text: "t", Into: "v"}, []string{`"a"`, "unique by itself"}},
		{pgtable.Spec{Table: "twokeys", Key: "n", Text: "t", Into: "v"}, []string{`"n"`, "not null"}},
		{pgtable.Spec{Table: "docs", Key: "absent", Text: "title", Into: "v"}, []string{`no column "absent"`}},
		{pgtable.Spec{Table: "absent", Text: "title", Into: "v"}, []string{"no table absent"}},
		{pgtable.Spec{Table: "seen", Text: "title", Into: "v"}, []string{"not an ordinary table"}},
		{pgtable.Spec{Table: "parts", Text: "t", Into: "v"}, []string{"not an ordinary table"}},
		{pgtable.Spec{Table: "docs", Text: "titel", Into: "v"}, []string{"expression", "titel"}},
		{pgtable.Spec{Table: "docs", Text: "count(*)", Into: "v"}, []string{"expression", "aggregate"}},
		{pgtable.Spec{Table: "docs", Text: "title; DROP TABLE docs", Into: "v"}, []string{"expression", "syntax"}},
		{pgtable.Spec{Table: "docs", Text: "title) IS NULL; DROP TABLE docs; SELECT (1", Into: "v"}, []string{"expression"}},
		{pgtable.Spec{Table: "docs", Text: " ", Into: "v"}, []string{"no SQL expression"}},
		{pgtable.Spec{Table: "docs", Text: "title\x00", Into: "v"}, []string{"no SQL expression"}},
		{pgtable.Spec{Table: "docs\x00", Text: "title", Into: "v"}, []string{"NUL"}},
		{pgtable.Spec{Table: "docs; DROP TABLE docs", Text: "title", Into: "v"}, []string{"no name in SQL"}},
		{pgtable.Spec{Table: "docs", Text: "title", Into: "a.b.c"}, []string{"3 parts"}},
		{pgtable.Spec{Table: "docs", Text: "title", Into: ""}, []string{"no name in SQL"}},
		{pgtable.Spec{Table: "docs", Text: "title", Into: strings.Repeat("v", 60)}, []string{"longer than 55"}},
		{pgtable.Spec{Table: "docs", Text: "title", Into: "absent.v"}, []string{"absent"}},
		{pgtable.Spec{Table: "docs", Text: "title", Into: "taken"}, []string{"a table", "already"}},
		{pgtable.Spec{Table: "docs", Text: "title", Into: "half"}, []string{"half_queue", "already"}},
		{pgtable.Spec{Table: "docs", Text: "title", Into: "docs"}, []string{"a table", "already"}},
	} {
		s.refused(c.spec, e, c.words...)
	}
	expect.Equal(t, "tables", one[string](s, "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace"),
		"docs half_queue nokey seen taken twokeys")
	expect.Equal(t, "functions", one[int](s, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosrc LIKE '%TG_OP%'"), 0)
	_, err := pgtable.Open(t.Context(), s.pool, "v")
	expect.Says(t, "a name without vectors", err, "nobody keeps vectors")
}

// The same name with other vectors is refused, and both are named.
func TestOtherVectors(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 3)
	s.docs("docs2", 3)
	e := static(t, local)
	s.init(spec("v"), e)
	other := func(change func(*pgtable.Spec)) pgtable.Spec {
		sp := spec("v")
		change(&sp)
		return sp
	}
	s.refused(spec("v"), static(t, "static:base?dimensions=128"), "space", "@64", "@128")
	s.refused(other(func(sp *pgtable.Spec) { sp.Text = "body" }), e, titleAndBody, `"body"`)
	s.refused(other(func(sp *pgtable.Spec) { sp.Table = "docs2" }), e, "docs2", "table")
	again := s.init(other(func(sp *pgtable.Spec) { sp.Reference = local + "&x=1" }), e)
	expect.Equal(t, "a new reference to the same Space", again.Reference(), local+"&x=1")
	s.exec("UPDATE v_state SET version = 2")
	s.refused(spec("v"), e, "version 2", "knows 1")
}

// Processes that create the same vectors at once agree.
func TestInitsAtOnce(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 100)
	e := static(t, local)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := pgtable.Init(t.Context(), s.pool, spec("docs_vec"), e); err != nil {
				t.Errorf("got the error %v, want none", err)
			}
		})
	}
	all.Wait()
	table := s.init(spec("docs_vec"), e)
	s.work(table, e)
	s.verify(table)
	expect.Equal(t, "triggers", one[int](s, "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'docs'::regclass"), 4)
}

// A user without the rights is told so. An application's user needs none for what it writes.
func TestRights(t *testing.T) {
	s := newSite(t)
	s.docs("docs", 3)
	s.exec("CREATE EXTENSION vector")
	s.exec("CREATE ROLE app LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON docs TO app")
	app := &site{t, strings.Replace(s.url, "postgres@", "app@", 1), nil}
	app.pool = s.connect(app.url)
	e := static(t, local)
	app.refused(spec("v"), e, "does not allow it", "public")
	s.exec("GRANT CREATE ON SCHEMA public TO app")
	app.refused(spec("v"), e, "does not allow it", "docs")
	table := s.init(spec("v"), e)
	app.exec("UPDATE docs SET title = 'x' WHERE id = 1")
	app.exec("DELETE FROM docs WHERE id = 2")
	app.exec("INSERT INTO docs VALUES (9, 'a', 'b')")
	_, err := pgtable.Open(t.Context(), app.pool, "v")
	expect.Says(t, "the error", err, "does not allow it")
	s.work(table, e)
	expect.Equal(t, "vectors", s.verify(table).Vectors, 3)

	// A worker needs the tables of the vectors, and to see every row.
	s.exec("GRANT ALL ON v, v_queue, v_errors, v_state, v_workers TO app")
	theirs, err := pgtable.Open(t.Context(), app.pool, "v")
	expect.NoError(t, err)
	app.exec("UPDATE docs SET title = 'y' WHERE id = 1")
	app.work(theirs, e)
	expect.Equal(t, "vectors", s.verify(table).Vectors, 3)
	s.exec("ALTER TABLE docs ENABLE ROW LEVEL SECURITY; UPDATE docs SET title = 'z' WHERE id = 1")
	why := paused(t, theirs.Work(t.Context(), e, options()))
	if !strings.Contains(why.Reason, "row-level security") {
		t.Errorf("got the reason %q, want the policy", why.Reason)
	}
	expect.Equal(t, "vectors that are left", one[int](s, "SELECT count(*) FROM v"), 3)
	s.exec("ALTER TABLE docs DISABLE ROW LEVEL SECURITY")
	s.resume(table)
	app.exec("TRUNCATE docs")
	s.work(table, e)
	expect.Equal(t, "vectors", s.verify(table).Vectors, 0)
}

// Without pgvector the error says what to do.
func TestWithoutVector(t *testing.T) {
	s := &site{T: t, url: servers.PostgresWithoutVector(t).URL}
	s.pool = s.connect(s.url)
	s.docs("docs", 3)
	s.refused(spec("v"), static(t, local), "no pgvector", "CREATE EXTENSION vector")
}
