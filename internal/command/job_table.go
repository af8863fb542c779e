package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/jobs"
	"github.com/vecspace/embedding/middleware"
)

const jobInitUsage = `usage: vecspace job init ADDRESS -table NAME -text EXPRESSION -into NAME [FLAGS]

Lets a table of PostgreSQL have vectors that follow its texts. It creates a table for them, a queue
and triggers that note changes, and embeds nothing yet; "vecspace job worker" does:

  vecspace job init postgres://me@host/db -table docs -text "title || ' ' || body" -into docs_vec
  vecspace job worker postgres://me@host/db -into docs_vec -follow

ADDRESS is a URL as libpq reads it. Its password is better in PGPASSWORD or ~/.pgpass. Names are
written as in SQL. The same command again changes nothing.

`

// Tables is a part: a kind of data base whose tables can have vectors that follow their texts.
type Tables interface {
	// Init creates what keeps the vectors, or finds it.
	Init(ctx context.Context, address string, spec TableSpec, e embedding.Embedder) (Table, error)
	// Open finds it by the name of the table of vectors.
	Open(ctx context.Context, address, into string) (Table, error)
	// Copy writes the vectors of a finished job to a new table.
	Copy(ctx context.Context, address string, j *jobs.Job, into string) (rows int64, err error)
}

// TableSpec says which vectors of which table are kept.
type TableSpec struct{ Table, Key, Text, Into, Reference string }

// TableWork is how one process works on a table.
type TableWork struct {
	Stack    middleware.StandardOptions
	Parallel int  // blocks of rows at once; 0: the default
	Follow   bool // wait for changes until the context ends
}

// Table is a set of vectors that follow the texts of a table.
type Table interface {
	Reference() string
	Work(ctx context.Context, e embedding.Embedder, o TableWork) error
	Status(ctx context.Context) (TableStatus, error)
	Pause(ctx context.Context, reason string) error
	Resume(ctx context.Context) (was bool, err error)
	Retry(ctx context.Context, all bool) (rows int, err error)
	// Verify returns what it found, and whether all is as it should be.
	Verify(ctx context.Context) (report fmt.Stringer, ok bool, err error)
	Drop(ctx context.Context, keepVectors bool) error
	Close()
}

// TableStatus is how far the work on a table is.
type TableStatus struct {
	All      fmt.Stringer // everything, in words and as JSON
	Paused   bool
	Over     bool // nothing is left to do
	Rejected int
	Cost     float64
	Currency string
}

// isDatabase reports whether an argument is an address of PostgreSQL.
func isDatabase(arg string) bool {
	return strings.HasPrefix(arg, "postgres://") || strings.HasPrefix(arg, "postgresql://")
}

// onTable reports whether a command of job is about a table.
func onTable(name string, args []string) bool {
	return name == "init" || name == "drop" || name != "merge" && slices.ContainsFunc(args, isDatabase)
}

// tableFlags are the arguments of a command on a table.
type tableFlags struct {
	TableSpec
	TableWork
	address                 string
	budget                  sum
	json, watch, all, spare bool
}

func tableArgs(name string, args []string, std streams) (f tableFlags, err error) {
	says := map[string]string{
		"worker": "Embeds the rows that are noted, and all others the first time, until every vector is current.",
		"status": "Says how far the vectors of a table are.",
		"pause":  "Stops the work in all processes. Changes of the table are noted all the same.",
		"resume": "Takes back a pause. Start workers again afterwards.",
		"retry":  "Has rows without a vector because of an error tried again. Start a worker afterwards.",
		"verify": "Reads the whole table and compares its texts with the vectors.",
		"drop":   "Removes the triggers, the queue and the vectors of a table, which itself stays as it is.",
	}
	fs := flag.NewFlagSet("vecspace job "+name, flag.ContinueOnError)
	fs.Usage = func() {
		if name == "init" {
			fmt.Fprint(fs.Output(), jobInitUsage)
		} else {
			fmt.Fprintf(fs.Output(), "usage: %s ADDRESS -into NAME [FLAGS]\n\n%s\n\n", fs.Name(), says[name])
		}
		fs.PrintDefaults()
	}
	fs.StringVar(&f.Into, "into", "", "the `table` of the vectors")
	switch name {
	case "init":
		fs.StringVar(&f.Table, "table", "", "the `table` with the texts")
		fs.StringVar(&f.Key, "key", "", "a `column` that is unique and not null; default: the primary key")
		fs.StringVar(&f.Text, "text", "", "an SQL `expression` over the columns")
		fs.StringVar(&f.TableSpec.Reference, "e", "static:base", "the embedder, by its `reference`")
	case "worker":
		fs.BoolVar(&f.Follow, "follow", false, "do not end, and wait for changes")
		fs.Func("budget", "pause before more than this is spent on the table, such as `2.00USD`", func(s string) (err error) {
			f.budget, err = readSum(s)
			return err
		})
		fs.IntVar(&f.Stack.Limit.RPM, "rpm", 0, "requests a minute of this process at most; 0: as the provider allows")
		fs.IntVar(&f.Stack.Limit.TPM, "tpm", 0, "tokens a minute of this process at most; 0: as the provider allows")
		fs.IntVar(&f.Stack.Limit.InFlight, "in-flight", 0, "requests of this process at once; 0: no limit but -parallel")
		fs.IntVar(&f.Parallel, "parallel", 0, "blocks of rows at once, each a request; 0: 8, or 2 for a model in this process")
	case "status":
		fs.BoolVar(&f.json, "json", false, "print it as JSON")
		fs.BoolVar(&f.watch, "watch", false, "print it again every five seconds until all is current")
	case "verify":
		fs.BoolVar(&f.json, "json", false, "print what was found as JSON")
	case "retry":
		fs.BoolVar(&f.all, "all", false, "look at every row again, which mends what verify finds")
	case "drop":
		fs.BoolVar(&f.spare, "keep-vectors", false, "leave the table of the vectors")
	}
	if name != "init" && says[name] == "" {
		return f, usagef("job %s is not for tables: there are init, worker, status, pause, resume, retry, verify and drop", name)
	}
	rest, err := parse(fs, args, std)
	if err != nil {
		return f, err
	}
	o := f.Stack.Limit
	switch {
	case len(rest) != 1 || !isDatabase(rest[0]):
		return f, usagef("one address such as postgres://me@host/db is needed") // it may hold a password, so it is not repeated
	case f.Into == "":
		return f, usagef("-into NAME is needed")
	case name == "init" && (f.Table == "" || f.Text == ""):
		return f, usagef("-table NAME and -text EXPRESSION are needed")
	case o.RPM < 0 || o.TPM < 0 || o.InFlight < 0 || f.Parallel < 0:
		return f, usagef("-rpm, -tpm, -in-flight and -parallel must not be below 0")
	}
	f.address = rest[0]
	return f, nil
}

// jobTable is a command of job on a table.
func (p Parts) jobTable(ctx context.Context, name string, args []string, std streams) error {
	f, err := tableArgs(name, args, std)
	if err != nil {
		return err
	}
	if p.Tables == nil {
		return usagef("postgres:// needs the full build: %s", "go install github.com/vecspace/embedding/full/cmd/vecspace@latest")
	}
	if name == "init" {
		return p.tableInit(ctx, f, std)
	}
	t, err := p.Tables.Open(ctx, f.address, f.Into)
	if err != nil {
		return err
	}
	defer t.Close()
	switch name {
	case "worker":
		return p.tableWorker(ctx, t, f, std)
	case "status":
		return tableStatus(ctx, t, f, std)
	case "pause":
		if err := t.Pause(ctx, "vecspace job pause was called"); err != nil {
			return err
		}
		fmt.Fprintln(std.err, "paused; vecspace job resume takes it back")
		return nil
	case "resume":
		was, err := t.Resume(ctx)
		if err == nil && !was {
			fmt.Fprintln(std.err, "it was not paused")
		} else if err == nil {
			fmt.Fprintln(std.err, "resumed: start workers again")
		}
		return err
	case "retry":
		n, err := t.Retry(ctx, f.all)
		if err == nil {
			fmt.Fprintf(std.err, "%d rows that failed will be tried again: start a worker\n", n)
		}
		return err
	case "verify":
		return tableVerify(ctx, t, f, std)
	}
	if err := t.Drop(ctx, f.spare); err != nil {
		return err
	}
	fmt.Fprintln(std.err, "removed; the table with the texts is as it was")
	return nil
}

func (p Parts) tableInit(ctx context.Context, f tableFlags, std streams) error {
	w := &jobWork{bar: newProgress(std.err), parts: p, account: &account{stop: context.WithoutCancel(ctx)}}
	defer w.end()
	e, err := w.open(ctx, f.TableSpec.Reference)
	if err != nil {
		return err
	}
	t, err := p.Tables.Init(ctx, f.address, f.TableSpec, e)
	if err != nil {
		return err
	}
	defer t.Close()
	s, err := t.Status(ctx)
	if err != nil {
		return err
	}
	fmt.Fprint(std.err, s.All)
	fmt.Fprintf(std.err, "changes of %s are noted: vecspace job worker ADDRESS -into %s embeds them and what is there\n", f.Table, f.Into)
	return nil
}

func (p Parts) tableWorker(ctx context.Context, t Table, f tableFlags, std streams) error {
	bar := newProgress(std.err)
	w := &jobWork{flags: jobFlags{budget: f.budget}, bar: bar, parts: p, account: &account{stop: context.WithoutCancel(ctx)}}
	defer w.end()
	e, err := w.open(ctx, t.Reference())
	if err != nil {
		return err
	}
	before, err := t.Status(ctx)
	if err != nil {
		return err
	}
	if e, err = w.budget(e, jobs.Status{Cost: before.Cost, Currency: before.Currency}); err != nil {
		return err
	}
	done := make(chan struct{})
	var teller sync.WaitGroup
	teller.Go(func() { tableTell(ctx, t, bar, done) })
	err = t.Work(ctx, e, f.TableWork)
	close(done)
	teller.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	s, seen := t.Status(last)
	switch {
	case err != nil && ctx.Err() != nil && f.Follow:
		return nil // that is how it ends
	case err != nil && ctx.Err() != nil:
		return errors.New("interrupted: what was answered is stored; the same command goes on")
	case err != nil && seen == nil && s.Paused:
		return pausedError{fmt.Errorf("%w\n  when that is mended: vecspace job resume, and start it again", err)}
	case err != nil:
		return err
	case seen != nil:
		return seen
	}
	bar.say(strings.TrimSuffix(s.All.String(), "\n"))
	if s.Rejected > 0 {
		return fmt.Errorf("%d rows have no vector: see the table %s_errors", s.Rejected, f.Into)
	}
	return nil
}

// tableTell shows the first line of the status, every second on a terminal and every ten seconds
// elsewhere.
func tableTell(ctx context.Context, t Table, bar *progress, done <-chan struct{}) {
	defer bar.end()
	wait := 10 * time.Second
	if bar.terminal {
		wait = time.Second
	}
	ticks := time.NewTicker(wait)
	defer ticks.Stop()
	stopping := ctx.Done()
	for {
		select {
		case <-done:
			return
		case <-stopping:
			stopping = nil
			bar.say("interrupted: waiting for requests under way; interrupt again to end at once")
		case <-ticks.C:
			if s, err := t.Status(ctx); err == nil { // Work says what is wrong
				line, _, _ := strings.Cut(s.All.String(), "\n")
				bar.redraw(line)
			}
		}
	}
}

func tableStatus(ctx context.Context, t Table, f tableFlags, std streams) error {
	for {
		s, err := t.Status(ctx)
		if err != nil {
			return err
		}
		if f.json {
			err = printJSON(std, s.All)
		} else {
			_, err = fmt.Fprint(std.out, s.All)
		}
		if err != nil || !f.watch || s.Over || s.Paused {
			return err
		}
		if !rest(ctx) {
			return nil
		}
	}
}

func tableVerify(ctx context.Context, t Table, f tableFlags, std streams) error {
	report, ok, err := t.Verify(ctx)
	if err != nil {
		return err
	}
	if f.json {
		err = printJSON(std, report)
	} else {
		_, err = fmt.Fprint(std.out, report)
	}
	if err == nil && !ok {
		err = errors.New("not every vector is current: a worker does what is noted, and vecspace job retry -all finds the rest")
	}
	return err
}
