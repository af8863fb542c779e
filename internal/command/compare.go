package command

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vecspace/embedding/benchmarks"
	"github.com/vecspace/embedding/benchmarks/datasets"
	comparison "github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/bm25"
	"github.com/vecspace/embedding/internal/whole"
)

// comparing is the arguments of compare.
type comparing struct {
	candidates []benchmarks.Candidate
	read       []string // files with candidates
	tasks      []string
	split      string
	sample     int
	documents  int
	budgets    []string
	dry        bool
	html       string
	markdown   string
	json       string
	options    benchmarks.Options
}

const compareUsage = `usage: vecspace compare [FLAGS] CANDIDATE...

Compares embedders side by side: quality with intervals, latency, throughput, errors and cost. A candidate is a reference such as
static:base or 'dashscope:text-embedding-v4?region=intl&dimensions=512'. Answers are recorded, so that a run that was
interrupted goes on where it was, and a report can be made again without paying again.

  vecspace compare static:base 'static:base?dimensions=64'
  vecspace compare -task scifact/ -task stsb-en-test.csv -budget 2.00USD static:base 'dashscope:text-embedding-v4?region=intl'

`

func compareFlags(args []string, std streams) (*comparing, error) {
	c := &comparing{}
	o := &c.options
	fs := flag.NewFlagSet("vecspace compare", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), compareUsage)
		fs.PrintDefaults()
	}
	list := func(to *[]string) func(string) error {
		return func(s string) error {
			*to = append(*to, s)
			return nil
		}
	}
	fs.Func("candidates", "a YAML `file` with more candidates, or of embedders as of embed -config; repeatable", func(name string) error {
		more, err := benchmarks.LoadCandidates(name)
		c.candidates = append(c.candidates, more...)
		c.read = append(c.read, name)
		return err
	})
	fs.Func("task", "what to compare on, repeatable: a `folder` in the layout of BEIR, a CSV, TSV or JSONL file of sentence pairs with gold scores, or \"go\" for the documentation of the Go standard library (the default)", list(&c.tasks))
	fs.StringVar(&c.split, "split", "test", "which judgements of a BEIR folder")
	fs.IntVar(&c.sample, "sample", 0, "keep this many queries or pairs of each task, drawn by the seed; 0: all")
	fs.IntVar(&c.documents, "documents", 0, "keep about this many documents of each retrieval task, those judged among them: for models too slow for all of them; 0: all")
	fs.StringVar(&o.Dir, "record", "vecspace-answers", "`folder` of recorded answers")
	fs.BoolVar(&o.Offline, "offline", false, "make no call: take every answer from the recordings")
	fs.Func("budget", "stop before more than this is `spent` in this run, such as 2.00 or 2.00USD; once for each currency", list(&c.budgets))
	fs.BoolVar(&c.dry, "dry-run", false, "show what would be sent and its estimated cost, and stop")
	fs.StringVar(&c.html, "html", "vecspace-compare.html", "write the report with plots to this `file`; \"\": none, -: the standard output")
	fs.StringVar(&c.markdown, "markdown", "", "write the report as Markdown to this `file`; -: the standard output")
	fs.StringVar(&c.json, "json", "", "write the report as JSON to this `file`; -: the standard output")
	fs.IntVar(&o.K, "k", 10, "where rankings are cut")
	fs.Float64Var(&o.Weight, "weight", bm25.Weight, "of BM25 beside the scaled cosine, in the rows fused by scores")
	fs.Uint64Var(&o.Seed, "seed", 1, "decides samples and resamples")
	fs.IntVar(&o.Resamples, "resamples", 10_000, "of the bootstrap that makes the intervals")
	fs.IntVar(&o.MonthlyTexts, "monthly", 0, "texts a month, for the cost a month")
	fs.BoolVar(&o.Speed.Off, "no-speed", false, "leave out latency and throughput")
	fs.IntVar(&o.Speed.Requests, "requests", 0, "requests of each measurement of speed; 0: 30, and of a model without a price as many more as it answers in a second")
	fs.Float64Var(&o.Speed.Rate, "rate", 10, "requests a second of the open loop")
	fs.IntVar(&o.Speed.Largest, "largest", 256, "texts of the largest batch whose speed is measured, or the model's limit if that is lower")
	fs.BoolVar(&o.NoDimensions, "no-dimensions", false, "leave out quality against dimensions and storage")
	refs, err := parse(fs, args, std)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		c.candidates = append(c.candidates, benchmarks.Candidate{Reference: ref})
	}
	o.Command = commandLine(args)
	return c, c.check()
}

func (c *comparing) check() error {
	o := c.options
	switch {
	case len(c.candidates) == 0:
		return usagef("name at least one candidate, such as static:base")
	case o.Dir == "":
		return usagef("-record: the folder is missing")
	case o.K < 1 || o.K > 1000:
		return usagef("-k is %d: it must be 1 to 1000", o.K)
	case !(o.Weight > 0) || math.IsInf(o.Weight, 1):
		return usagef("-weight is %v: it must be above 0", o.Weight)
	case o.Seed == 0:
		return usagef("-seed must be above 0")
	case o.Resamples < 100:
		return usagef("-resamples is %d: fewer than 100 say nothing about an interval", o.Resamples)
	case c.sample < 0 || c.documents < 0 || o.MonthlyTexts < 0:
		return usagef("-sample, -documents and -monthly must not be below 0")
	case o.Speed.Largest < 1:
		return usagef("-largest is %d: it must be above 0", o.Speed.Largest)
	case o.Speed.Requests < 0 || !(o.Speed.Rate > 0) || o.Speed.Rate > 1e6:
		return usagef("-requests must not be below 0, and -rate must be above 0")
	}
	out := 0
	others := slices.Concat(c.read, c.tasks)
	for _, name := range []string{c.html, c.markdown, c.json} {
		if i := slices.IndexFunc(others, func(other string) bool { return oneFile(name, other) }); i >= 0 && !isStdout(name) {
			return usagef("a report to %s would replace %s: write it to another file", name, others[i])
		}
		others = append(others, name)
		if isStdout(name) {
			if out++; out > 1 {
				return usagef("one report only can go to the standard output: -html, -markdown or -json")
			}
			continue
		}
		if dir := filepath.Dir(name); name != "" {
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return usagef("%s: there is no folder %s to write it in", name, dir)
			}
		}
	}
	return nil
}

// compare is the command. After an interruption the report holds what was finished.
func (p Parts) compare(ctx context.Context, args []string, std streams) error {
	c, err := compareFlags(args, std)
	if err != nil {
		return err
	}
	tasks, err := c.load()
	if err != nil {
		return err
	}
	if c.options.Budgets, err = c.sums(); err != nil {
		return err
	}
	tables := std.out
	if isStdout(c.html) || isStdout(c.markdown) || isStdout(c.json) {
		tables = std.err
	}
	bar := newProgress(std.err)
	w := &waits{say: bar.say}
	defer w.end()
	// Requests that are under way at an interruption are awaited: their answers are recorded.
	c.options.Table = (&account{stop: ctx}).table(w.table(p.Providers))
	c.options.Progress = bar.hear
	stop := errors.New("stop")
	c.options.Start = func(e benchmarks.Estimate) error {
		for _, t := range tasks {
			if t.Failure != nil {
				fmt.Fprintf(std.err, "%s could not be read and is left out: %v\n", t.Name, t.Failure)
			}
		}
		for _, t := range tasks {
			if s := t.Retrieval; s != nil && s.Absent > 0 {
				fmt.Fprintf(std.err, "%s: %d judgments of queries or documents that it lacks are left out\n", s.Name, s.Absent)
			}
		}
		showEstimate(std.err, e, c.options)
		if c.dry {
			return stop
		}
		return nil
	}
	r, err := benchmarks.Compare(ctx, c.candidates, tasks, c.options)
	w.end()
	bar.end()
	if errors.Is(err, stop) {
		return nil
	}
	if r == nil {
		return err
	}
	failed := c.write(r, tables, std.out)
	if ctx.Err() != nil {
		return errors.Join(fmt.Errorf("interrupted: every answer that was paid for is recorded in %s; run the same command again to go on from there", c.options.Dir), failed)
	}
	if names := r.Failed(); len(names) > 0 {
		said := fmt.Sprintf("%d of %d candidates failed: %s", len(names), len(r.Candidates), strings.Join(names, ", "))
		for _, c := range r.Candidates {
			if c.Failure != "" {
				said += fmt.Sprintf("\n  %s: %s", c.Name, c.Failure)
			}
		}
		failed = errors.Join(failed, errors.New(said))
	}
	if names := r.Unread(); len(names) > 0 {
		said := fmt.Sprintf("%d of %d tasks could not be read: %s", len(names), len(r.Tasks), strings.Join(names, ", "))
		for _, t := range r.Tasks {
			if t.Failure != "" {
				said += fmt.Sprintf("\n  %s: %s", t.Name, t.Failure)
			}
		}
		failed = errors.Join(failed, errors.New(said))
	}
	return errors.Join(err, failed)
}

// load reads the tasks. A missing path is a wrong call. A broken set becomes a task that failed, so
// that the others are compared all the same.
func (c *comparing) load() ([]benchmarks.Task, error) {
	if len(c.tasks) == 0 {
		c.tasks = []string{"go"}
	}
	var out []benchmarks.Task
	for _, name := range c.tasks {
		t, err := c.task(name)
		if _, wrong := err.(usageError); wrong {
			return nil, err
		} else if err != nil {
			t = benchmarks.Task{Name: name, Failure: err}
		}
		out = append(out, t)
	}
	return out, nil
}

func (c *comparing) task(name string) (t benchmarks.Task, err error) {
	info, err := os.Stat(name)
	switch {
	case name == "go":
		var root string
		if root, err = datasets.Toolchain(); err == nil {
			t.Retrieval, err = datasets.GoLibrary(root)
		}
	case err != nil:
		return t, usagef("-task %s: %v", name, errors.Unwrap(err))
	case info.IsDir():
		t.Retrieval, err = datasets.LoadRetrieval(name, c.split)
	default:
		t.Pairs, err = datasets.LoadPairs(name)
	}
	switch {
	case err != nil:
	case t.Retrieval != nil:
		t.Retrieval = t.Retrieval.Sample(c.sample, c.options.Seed).Fewer(c.documents, c.options.Seed)
	default:
		t.Pairs = t.Pairs.Sample(c.sample, c.options.Seed)
	}
	return t, err
}

// sums reads the budgets by currency. A sum without one takes the currency of the candidates'
// prices; prices in several currencies are an error.
func (c *comparing) sums() (map[string]float64, error) {
	out := map[string]float64{}
	for _, b := range c.budgets {
		s, err := readSum(b)
		if err != nil {
			return nil, usagef("-budget %s: %v", b, err)
		}
		currency := s.currency
		if currency == "" {
			if currency, err = benchmarks.Currency(c.candidates); err != nil {
				return nil, usageError{fmt.Errorf("-budget %s: %w", b, err)}
			}
		}
		if _, twice := out[currency]; twice {
			return nil, usagef("-budget: %s is given twice", currency)
		}
		out[currency] = s.amount
	}
	return out, nil
}

// write prints the tables and writes the reports: whole files, or "-" for the standard output.
func (c *comparing) write(r *comparison.Report, tables, stdout io.Writer) error {
	failed := r.Text(tables)
	for _, f := range []struct {
		name   string
		render func(io.Writer) error
	}{{c.html, r.HTML}, {c.markdown, r.Markdown}, {c.json, r.JSON}} {
		var b bytes.Buffer
		switch {
		case f.name == "":
			continue
		case isStdout(f.name):
			failed = errors.Join(failed, f.render(stdout))
			continue
		}
		err := f.render(&b)
		if err == nil {
			err = whole.Write(f.name, b.Bytes())
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		fmt.Fprintf(tables, "written: %s\n", f.name)
	}
	return failed
}

// commandLine returns the command, quoted for a shell.
func commandLine(args []string) string {
	out := "vecspace compare"
	for _, a := range args {
		if a == "" || strings.Trim(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%") != "" {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		out += " " + a
	}
	return out
}
