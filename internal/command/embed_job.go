package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/rows"
	"github.com/vecspace/embedding/internal/whole"
)

// embedJob embeds the rows of an input.
type embedJob struct {
	e       embedding.Embedder
	account *account
	out     *output
	options rows.Options
	std     streams
	bar     *progress

	begin   time.Time
	under   map[int]int  // index and line of the rows that were read and have no result yet
	line    int          // of the last row that has a result
	results atomic.Int64 // rows with a vector or an error
	failed  int          // of them with an error
	said    int          // errors that were shown
}

func (j *embedJob) run(ctx context.Context) error {
	j.under, j.begin = map[int]int{}, time.Now()
	done := make(chan struct{})
	var teller sync.WaitGroup
	teller.Go(func() { j.tell(ctx, done) })
	err := j.stream(ctx)
	close(done)
	teller.Wait()
	switch _, wrong := errors.AsType[usageError](err); {
	case wrong:
		return errors.Join(err, j.out.abort())
	case err != nil && j.results.Load() == 0 && j.out.name != "":
		return errors.Join(j.stopped(ctx, err), j.out.abort())
	case err != nil:
		why := j.stopped(ctx, err)
		if lost := j.out.end(".part"); lost != nil {
			why = fmt.Errorf("%w; results that were not written before are lost", lost)
			if !errors.Is(lost, err) {
				why = errors.Join(err, why)
			}
		}
		return why
	}
	if err := j.out.end(""); err != nil {
		return err
	}
	if j.out.name != "" {
		took := time.Since(j.begin)
		j.bar.say(fmt.Sprintf("%s: %d vectors in %s, %s", j.out.name, int(j.results.Load())-j.failed, took.Round(time.Millisecond), j.account))
	}
	if j.failed > 0 {
		return fmt.Errorf("%d of %d lines have no vector: their errors are %s", j.failed, j.results.Load(), j.out.errors())
	}
	return nil
}

// stream embeds the rows and writes their results, until the first error that is not of one row.
func (j *embedJob) stream(ctx context.Context) error {
	in := &feed{rows: make(chan rows.Row, 64)}
	go in.read(ctx, j.std.in, j.options)
	all := func(yield func(rows.Row) bool) {
		for row := range in.all(ctx) {
			j.under[row.Index] = row.Line
			if !yield(row) {
				return
			}
		}
	}
	text := func(r rows.Row) string {
		if r.Err != nil {
			return "" // the guard refuses it in its place
		}
		return r.Text
	}
	for got, err := range embedding.Stream(ctx, j.e, all, text) {
		if err != nil {
			return err
		}
		if err := j.keep(got); err != nil {
			return err
		}
	}
	return in.err(ctx)
}

func (j *embedJob) keep(got embedding.Embedded[rows.Row]) error {
	row, res := got.Item, rows.Result{Index: got.Item.Index, ID: got.Item.ID, Vector: got.Vector}
	switch {
	case row.Err != nil:
		res.Err = row.Err.Error()
	case got.Err != nil:
		res.Err = fmt.Sprintf("line %d: %v", row.Line, got.Err)
	}
	if res.Err != "" {
		if j.failed++; !j.out.inline && j.said < mostErrors {
			j.said++
			j.bar.say(fmt.Sprint(res.Err))
		}
	}
	if err := j.out.to.Write(res); err != nil {
		return err
	}
	delete(j.under, row.Index)
	j.line = max(j.line, row.Line)
	j.results.Add(1)
	return nil
}

// mostErrors is how many errors of rows are shown where the output has no place for them.
const mostErrors = 20

// stopped says where a job stopped that err ended.
func (j *embedJob) stopped(ctx context.Context, err error) error {
	why := err
	if ctx.Err() != nil {
		why = errors.New("interrupted")
	}
	what := fmt.Sprintf("after line %d", j.line)
	if len(j.under) > 0 {
		first := slices.Min(slices.Collect(maps.Keys(j.under)))
		what = fmt.Sprintf("line %d (index %d)", j.under[first], first)
	} else if j.line == 0 {
		what = "line 1 (index 0)"
	}
	to := ""
	if j.out.name != "" && j.out.file.Whole() && j.results.Load() > 0 {
		to = " to " + j.out.name + ".part"
	}
	return fmt.Errorf("%w; %d results are written%s, and the first that is missing is %s", why, j.results.Load(), to, what)
}

// tell shows how far the job is.
func (j *embedJob) tell(ctx context.Context, done <-chan struct{}) {
	defer j.bar.end()
	every := 10 * time.Second
	if j.bar.terminal {
		every = 200 * time.Millisecond
	}
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	stop := ctx.Done()
	for {
		select {
		case <-done:
			return
		case <-stop:
			stop = nil
			if n := j.account.underWay(); n > 0 {
				j.bar.say(fmt.Sprintf("interrupted: waiting for %d requests under way; interrupt again to end at once", n))
			}
		case <-ticks.C:
			n := j.results.Load()
			j.bar.redraw(fmt.Sprintf("%d texts, %.1f/s, %s", n, float64(n)/time.Since(j.begin).Seconds(), j.account))
		}
	}
}

// feed reads rows apart from the job: a read that waits cannot be interrupted.
type feed struct {
	rows   chan rows.Row
	failed error // set before rows is closed
}

func (f *feed) read(ctx context.Context, in io.Reader, o rows.Options) {
	defer close(f.rows)
	r, err := rows.NewReader(in, o)
	if err != nil {
		f.failed = usageError{err}
		return
	}
	for r.Next() {
		select {
		case f.rows <- r.Row:
		case <-ctx.Done():
			return
		}
	}
	f.failed = r.Err
}

// all yields the rows until ctx ends.
func (f *feed) all(ctx context.Context) func(func(rows.Row) bool) {
	return func(yield func(rows.Row) bool) {
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
				return
			case row, ok := <-f.rows:
				if !ok || !yield(row) {
					return
				}
			}
		}
	}
}

// err returns what ended the input, unless that is its end.
func (f *feed) err(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.failed
}

// output is where results go.
type output struct {
	to     rows.Writer
	name   string // "" for the standard output
	file   *whole.File
	ids    *whole.File // of .npy
	inline bool        // it has a place for errors
}

// isStdout reports whether a name means the standard output.
func isStdout(name string) bool { return name == "-" || name == "/dev/stdout" }

// output opens the output. dimensions may be 0.
func (f *embedFlags) output(stdout io.Writer, dimensions int) (*output, error) {
	o := &output{inline: f.to != "npy"}
	if !isStdout(f.out) {
		var err error
		if o.file, err = whole.Create(f.out); err != nil {
			return nil, err
		}
		o.name, stdout = f.out, o.file
	}
	switch f.to {
	case "jsonl":
		o.to = rows.NewJSONL(stdout, f.read.ID != "")
	case "csv":
		o.to = rows.NewCSV(stdout, f.read.ID != "")
	case "npy":
		if !o.file.Whole() {
			return nil, errors.Join(usagef("a .npy file cannot be written to a device or a pipe"), o.file.Abort())
		}
		var err error
		if o.ids, err = whole.Create(f.out + ".ids"); err != nil {
			return nil, errors.Join(err, o.file.Abort())
		}
		o.to = rows.NewNPY(o.file, o.ids, rows.NPY{Dimensions: dimensions, Half: f.dtype == "float16"})
	}
	return o, nil
}

// end writes what is left and puts the files in their places, under their names and a suffix.
func (o *output) end(suffix string) error {
	if err := o.to.Close(); err != nil && suffix != "" && o.file != nil && o.ids == nil {
		return errors.Join(err, o.file.CommitAs(suffix)) // what is on the disk was paid for
	} else if err != nil {
		return errors.Join(err, o.abort())
	}
	if o.file == nil {
		return nil
	}
	if o.ids == nil {
		return o.file.CommitAs(suffix)
	}
	if suffix != "" {
		return errors.Join(o.ids.CommitAs(suffix), o.file.CommitAs(suffix))
	}
	// Old vectors never stand beside new ids.
	if err := errors.Join(o.file.Clear(), o.ids.Commit()); err != nil {
		return errors.Join(err, o.file.Abort())
	}
	return o.file.Commit()
}

// abort leaves what was there before.
func (o *output) abort() error {
	var err error
	for _, f := range []*whole.File{o.file, o.ids} {
		if f != nil {
			err = errors.Join(err, f.Abort())
		}
	}
	return err
}

// errors says where the errors of rows are.
func (o *output) errors() string {
	if o.inline {
		return "in the output"
	}
	return fmt.Sprintf("above, up to %d", mostErrors)
}
