package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/jobs"
)

// tables is a data base with one set of vectors, which writes down what is asked of it.
type tables struct {
	asked   []string
	working error
	status  TableStatus
	well    bool
}

func (d *tables) Init(_ context.Context, address string, s TableSpec, e embedding.Embedder) (Table, error) {
	d.asked = append(d.asked, fmt.Sprint("init ", address, " ", s, " ", e.Model().Dimensions))
	return d, nil
}

func (d *tables) Open(_ context.Context, address, into string) (Table, error) {
	if into == "absent" {
		return nil, errors.New("there is no absent")
	}
	d.asked = append(d.asked, "open "+address+" "+into)
	return d, nil
}

func (d *tables) Copy(_ context.Context, address string, j *jobs.Job, into string) (int64, error) {
	d.asked = append(d.asked, fmt.Sprint("copy ", address, " ", j.Manifest.Plan.Texts, " ", into))
	return int64(j.Manifest.Plan.Texts), nil
}

func (d *tables) Reference() string { return "static:base?dimensions=64" }

func (d *tables) Work(ctx context.Context, e embedding.Embedder, o TableWork) error {
	d.asked = append(d.asked, fmt.Sprint("work ", e.Model().Dimensions, " ", o.Parallel, " ", o.Follow, " ", o.Stack.Limit.RPM))
	if d.working != nil {
		return d.working
	}
	return ctx.Err()
}

func (d *tables) Status(context.Context) (TableStatus, error) { return d.status, nil }

func (d *tables) Pause(_ context.Context, reason string) error {
	d.asked = append(d.asked, "pause "+reason)
	return nil
}

func (d *tables) Resume(context.Context) (bool, error) { return d.status.Paused, nil }

func (d *tables) Retry(_ context.Context, all bool) (int, error) {
	d.asked = append(d.asked, fmt.Sprint("retry ", all))
	return 3, nil
}

func (d *tables) Verify(context.Context) (fmt.Stringer, bool, error) {
	return inWords("what was found\n"), d.well, nil
}

func (d *tables) Drop(_ context.Context, keep bool) error {
	d.asked = append(d.asked, fmt.Sprint("drop ", keep))
	return nil
}

func (d *tables) Close() { d.asked = append(d.asked, "close") }

type inWords string

func (w inWords) String() string { return string(w) }

func TestJobOnTables(t *testing.T) {
	const at = "postgres://me:secret@host/db"
	over := TableStatus{All: inWords("how far it is\nand more\n"), Over: true}
	for _, c := range []struct {
		name   string
		args   []string
		tables *tables // nil: the build has none
		done   bool    // the context has ended
		code   int
		says   []string
		asked  string
	}{
		{name: "init", args: []string{"init", at, "-table", "docs", "-text", "a || b", "-into", "v"}, tables: &tables{status: over},
			says: []string{"how far it is", "changes of docs are noted"}, asked: "init " + at + " {docs  a || b v static:base} 256 close"},
		{name: "no table", args: []string{"init", at, "-into", "v"}, tables: &tables{}, code: 2, says: []string{"-table NAME"}},
		{name: "no name", args: []string{"status", at}, tables: &tables{}, code: 2, says: []string{"-into NAME"}},
		{name: "no address", args: []string{"init", "-table", "docs"}, tables: &tables{}, code: 2, says: []string{"one address"}},
		{name: "a folder", args: []string{"drop", "folder"}, tables: &tables{}, code: 2, says: []string{"one address"}},
		{name: "bad reference", args: []string{"init", at, "-table", "d", "-text", "t", "-into", "v", "-e", "absent:x"}, tables: &tables{}, code: 2, says: []string{"absent"}},
		{name: "small build", args: []string{"status", at, "-into", "v"}, code: 2, says: []string{"needs the full build: go install"}},
		{name: "only for folders", args: []string{"cancel", at, "-into", "v"}, tables: &tables{}, code: 2, says: []string{"not for tables"}},
		{name: "absent", args: []string{"status", at, "-into", "absent"}, tables: &tables{}, code: 1, says: []string{"there is no absent"}},
		{name: "worker", args: []string{"worker", at, "-into", "v", "-parallel", "3", "-rpm", "7"}, tables: &tables{status: over},
			says: []string{"how far it is\nand more"}, asked: "open " + at + " v work 64 3 false 7 close"},
		{name: "worker, rejected", args: []string{"worker", at, "-into", "v"}, tables: &tables{status: TableStatus{All: inWords(""), Rejected: 2}},
			code: 1, says: []string{"2 rows have no vector", "v_errors"}},
		{name: "worker, paused", args: []string{"worker", at, "-into", "v"}, tables: &tables{status: TableStatus{All: inWords(""), Paused: true}, working: errors.New("paused (auth)")},
			code: 3, says: []string{"paused (auth)", "job resume"}},
		{name: "worker, fails", args: []string{"worker", at, "-into", "v"}, tables: &tables{status: over, working: errors.New("an outage")},
			code: 1, says: []string{"an outage"}},
		{name: "worker, interrupted", args: []string{"worker", at, "-into", "v"}, tables: &tables{status: over}, done: true, code: 1, says: []string{"interrupted"}},
		{name: "worker that follows, interrupted", args: []string{"worker", at, "-into", "v", "-follow"}, tables: &tables{status: over}, done: true},
		{name: "below 0", args: []string{"worker", at, "-into", "v", "-parallel", "-1"}, tables: &tables{}, code: 2, says: []string{"below 0"}},
		{name: "status", args: []string{"status", at, "-into", "v", "-watch"}, tables: &tables{status: over}, says: []string{"how far it is"}},
		{name: "status as JSON", args: []string{"status", at, "-into", "v", "-json"}, tables: &tables{status: over}, says: []string{`"how far it is\nand more\n"`}},
		{name: "pause", args: []string{"pause", at, "-into", "v"}, tables: &tables{}, says: []string{"paused"}, asked: "open " + at + " v pause vecspace job pause was called close"},
		{name: "resume", args: []string{"resume", at, "-into", "v"}, tables: &tables{}, says: []string{"it was not paused"}},
		{name: "resume what is paused", args: []string{"resume", at, "-into", "v"}, tables: &tables{status: TableStatus{Paused: true}}, says: []string{"resumed"}},
		{name: "retry", args: []string{"retry", at, "-into", "v", "-all"}, tables: &tables{}, says: []string{"3 rows"}, asked: "open " + at + " v retry true close"},
		{name: "verify", args: []string{"verify", at, "-into", "v"}, tables: &tables{well: true}, says: []string{"what was found"}},
		{name: "verify, not well", args: []string{"verify", at, "-into", "v"}, tables: &tables{}, code: 1, says: []string{"what was found", "retry -all"}},
		{name: "drop", args: []string{"drop", at, "-into", "v", "-keep-vectors"}, tables: &tables{}, says: []string{"removed"}, asked: "open " + at + " v drop true close"},
		{name: "help", args: []string{"init", "-h"}, says: []string{"usage: vecspace job init ADDRESS", "-text expression"}},
		{name: "help of worker", args: []string{"worker", at, "-h"}, says: []string{"usage: vecspace job worker ADDRESS", "-follow"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.done {
				cancel()
			}
			var p Parts
			if c.tables != nil {
				p.Tables = c.tables
			}
			var out bytes.Buffer
			code := p.run(ctx, append([]string{"job"}, c.args...), streams{strings.NewReader(""), &out, &out})
			ended(t, code, c.code, out.String(), c.says...)
			if c.asked != "" {
				expect.Equal(t, "what was asked", strings.Join(c.tables.asked, " "), c.asked)
			}
			if strings.Contains(out.String(), "secret") {
				t.Errorf("got the text below, want none with the password\n%s", &out)
			}
		})
	}
}

// A finished job goes into a table, and what the call lacks is said.
func TestJobMergeInto(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	code, out, errs := vecspace(t, "", "job", "run", "-in", put(t, "a.txt", textsOf(5)), "-out", dir)
	ended(t, code, 0, out+errs)
	d := &tables{}
	var b strings.Builder
	std := streams{strings.NewReader(""), &b, &b}
	expect.Equal(t, "code", Parts{Tables: d}.run(t.Context(), []string{"job", "merge", dir, "postgres://h/db", "-into", "v"}, std), 0)
	expect.Equal(t, "asked", strings.Join(d.asked, "; "), "copy postgres://h/db 5 v")
	holds(t, b.String(), "v: 5 vectors; now create an index: CREATE INDEX ON v USING hnsw (embedding vector_cosine_ops)")
	for args, want := range map[string]string{
		"postgres://h/db":              "-into NAME is needed",
		"postgres://h/db -into v -o a": "leave one out",
		"-into v":                      "name its data base too",
		"postgres://h/db -into v":      "tables need the full build",
	} {
		code, out, errs := vecspace(t, "", append([]string{"job", "merge", dir}, strings.Fields(args)...)...)
		ended(t, code, 2, out+errs, want)
	}
	code, out, errs = vecspace(t, "", "job", "publish", dir)
	ended(t, code, 2, out+errs, "-to ADDRESS is needed")
	code, out, errs = vecspace(t, "", "job", "publish", dir, "-to", "s3://b/v")
	ended(t, code, 1, out+errs, "objects need the full build")
}
