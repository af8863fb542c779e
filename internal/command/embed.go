package command

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/ballast"
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/internal/rows"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers/ref"
)

const embedUsage = `usage: vecspace embed REFERENCE [FLAGS] <LINES >JSON
       vecspace embed -config FILE [-name NAME] [FLAGS] <LINES >JSON

Embeds each line of the input, or the text of each record of JSONL, CSV or TSV:

  vecspace embed static:base -in docs.jsonl -field text -id id -o vectors.npy
  vecspace embed static:base -in docs.csv -template '{title}\n{body}' -id sku -o vectors.jsonl

Each gives {"index":0,"vector":[...]}, or {"index":0,"error":"..."} if it cannot be embedded; the
program then exits with 1. index counts records from 0. A .npy file has a row for each vector, and
NAME.npy.ids a line for each row: its id, or its index without -id.

The input is UTF-8, or UTF-16 with a byte order mark, and may be gzip. CSV and TSV have a header.
REFERENCE is provider:model?option=value, such as static:base or
dashscope:text-embedding-v4?region=intl. FILE is a YAML file of embedders with their caches and
limits, as docs/config.md describes it. API keys come from the environment.

The first Ctrl-C or SIGTERM stops reading, waits for requests under way and writes their vectors.
After a stop a message says which line is the first without a result, and what -o would have
written is in NAME.part instead.

`

// embedFlags are the arguments of embed.
type embedFlags struct {
	references   []string
	dimensions   int
	config, name string
	in, out      string
	read         rows.Options
	to, dtype    string
	task         embedding.Task
	budget       sum
	cache        string
	options      middleware.StandardOptions
}

func (p Parts) embedFlags(args []string, std streams) (f embedFlags, err error) {
	fs := flag.NewFlagSet("vecspace embed", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), embedUsage)
		fs.PrintDefaults()
	}
	fs.IntVar(&f.dimensions, "dimensions", 0, "length of the vectors, as ?dimensions= in the reference; 0: the model's own")
	fs.StringVar(&f.config, "config", "", "open an embedder of this YAML `file` instead of a reference")
	fs.StringVar(&f.name, "name", "", "the embedder's `name` in the file; not needed if the file has only one")
	fs.StringVar(&f.in, "in", "-", "read this `file`; -: the standard input")
	readFlags(fs, (*string)(&f.read.Format), &f.read.Field, &f.read.Template, &f.read.ID)
	fs.StringVar(&f.out, "o", "-", "write to this `file`, which is there whole or not at all; -: the standard output")
	fs.StringVar(&f.to, "to", "", "`format` of the output: jsonl, csv or npy (default: what -o ends with, or jsonl)")
	fs.StringVar(&f.dtype, "dtype", "float32", "`numbers` of .npy: float32 or float16")
	taskFlag(fs, &f.task)
	fs.Func("budget", "stop before more than this is spent, such as `2.00USD`", func(s string) (err error) {
		f.budget, err = readSum(s)
		return err
	})
	fs.IntVar(&f.options.Limit.RPM, "rpm", 0, "requests a minute at most; 0: as the provider allows")
	fs.IntVar(&f.options.Limit.TPM, "tpm", 0, "tokens a minute at most; 0: as the provider allows")
	fs.IntVar(&f.options.Batch.Parallel, "parallel", 0, "requests at once; 0: 8")
	fs.StringVar(&f.cache, "cache", "", "keep vectors in this `file` and pay for no text twice (full build)")
	if f.references, err = parse(fs, args, std); err != nil {
		return f, err
	}
	return f, f.check()
}

// readFlags adds the flags that say where the text of a record is.
func readFlags(fs *flag.FlagSet, format, field, template, id *string) {
	fs.StringVar(format, "from", "", "`format` of the input: lines, jsonl, csv or tsv (default: what it looks like)")
	fs.StringVar(field, "field", "", "the `field` with the text; in JSONL a.b is b inside a")
	fs.StringVar(template, "template", "", "a `text` of several fields instead, such as '{title}\\n{body}'")
	fs.StringVar(id, "id", "", "the `field` with the id, which the output repeats")
}

// taskFlag adds the flag that says what texts are for.
func taskFlag(fs *flag.FlagSet, task *embedding.Task) {
	fs.Func("task", "what the texts are for: document or query (default document)", func(s string) error {
		switch s {
		case "document":
			*task = embedding.TaskDocument
		case "query":
			*task = embedding.TaskQuery
		default:
			return errors.New("there are document and query")
		}
		return nil
	})
}

func (f *embedFlags) check() error {
	o := f.options
	if f.to == "" {
		f.to = "jsonl"
		if end := strings.ToLower(strings.TrimPrefix(filepath.Ext(f.out), ".")); end == "csv" || end == "npy" {
			f.to = end
		}
	}
	switch {
	case f.config == "" && f.name != "":
		return usagef("-name names an embedder of a file: add -config FILE")
	case f.config != "" && (len(f.references) > 0 || f.dimensions != 0):
		return usagef("-config replaces the reference and -dimensions: leave them out")
	case f.config != "" && (o.Limit.RPM != 0 || o.Limit.TPM != 0 || o.Batch.Parallel != 0 || f.cache != ""):
		return usagef("-rpm, -tpm, -parallel and -cache are what the file of -config says: leave them out")
	case f.config == "" && len(f.references) != 1:
		return usagef("one reference is needed, such as static:base, and there are %d", len(f.references))
	case o.Limit.RPM < 0 || o.Limit.TPM < 0 || o.Batch.Parallel < 0:
		return usagef("-rpm, -tpm and -parallel must not be below 0")
	case f.to != "jsonl" && f.to != "csv" && f.to != "npy":
		return usagef("-to %s: there are jsonl, csv and npy", f.to)
	case f.to == "npy" && isStdout(f.out):
		return usagef("a .npy file cannot be written to a stream: add -o FILE")
	case f.dtype != "float32" && f.dtype != "float16":
		return usagef("-dtype %s: there are float32 and float16", f.dtype)
	case f.dtype == "float16" && f.to != "npy":
		return usagef("-dtype float16 is for .npy: add -to npy or -o FILE.npy")
	}
	return nil
}

// readSum reads an amount with or without a currency.
func readSum(s string) (sum, error) {
	number := strings.TrimRight(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	out := sum{currency: strings.TrimSpace(s[len(number):])}
	var err error
	out.amount, err = strconv.ParseFloat(number, 64)
	if err != nil || !(out.amount > 0) || out.amount > 1e15 || out.currency != "" && len(out.currency) != 3 {
		return sum{}, errors.New("write a sum above 0 and a currency, such as 2.00USD")
	}
	return out, nil
}

func (p Parts) embed(ctx context.Context, args []string, std streams) (err error) {
	f, err := p.embedFlags(args, std)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(ballast.New(ballastSize))
	a := &account{stop: ctx, budget: f.budget}
	bar := newProgress(std.err)
	w := &waits{say: func(line string) { bar.say("vecspace embed: " + line) }}
	defer w.end()
	p.Providers = a.table(w.table(p.Providers))
	e, closeParts, err := p.embedder(f)
	if err != nil {
		return err
	}
	defer func() {
		if err := closeParts(); err != nil { // every vector has been written all the same
			fmt.Fprintf(std.err, "vecspace embed: warning: %v\n", err)
		}
	}()
	if f.task != embedding.TaskDocument {
		e = embedding.Wrap(e, e.Model(), asked(e, f.task))
	}
	if f.in != "-" {
		in, err := os.Open(f.in)
		if err != nil {
			return err
		}
		defer func() { _ = in.Close() }() // it was only read
		if info, err := in.Stat(); err == nil && info.IsDir() {
			return usagef("-in %s is a folder", f.in)
		}
		std.in = in
	}
	if err := f.replaces(std.in); err != nil {
		return err
	}
	out, err := f.output(std.out, e.Model().Dimensions)
	if err != nil {
		return err
	}
	if notice := prefixes.Notice(f.reference(), e.Model()); notice != "" {
		bar.say("vecspace embed: " + notice)
	}
	return (&embedJob{e: e, account: a, out: out, options: f.read, std: std, bar: bar}).run(ctx)
}

// reference returns the reference of the embedder, "" if its file does not say it.
func (f *embedFlags) reference() string {
	if f.config == "" {
		return f.references[0]
	}
	data, err := os.ReadFile(f.config)
	if err != nil {
		return ""
	}
	all, _ := config.Entries(data)
	for _, e := range all {
		if e.Name == f.name || len(all) == 1 {
			return e.Reference
		}
	}
	return ""
}

// replaces returns an error if the output would replace a file that the program reads.
func (f *embedFlags) replaces(in io.Reader) error {
	outs := []string{f.out}
	if f.to == "npy" {
		outs = append(outs, f.out+".ids")
	}
	for _, out := range outs {
		for _, name := range []string{f.config, f.cache} {
			if oneFile(out, name) {
				return usagef("-o %s would replace %s: write to another file", f.out, name)
			}
		}
		read, ok := in.(*os.File)
		if !ok {
			continue
		}
		before, err := read.Stat()
		if info, err2 := os.Stat(out); err == nil && err2 == nil && info.Mode().IsRegular() && os.SameFile(info, before) {
			return usagef("-o %s would replace the input: write to another file", f.out)
		}
	}
	return nil
}

// oneFile reports whether two names are of one file, which may not exist. Devices and pipes are no
// files.
func oneFile(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	one, err := os.Stat(a)
	if err != nil {
		return filepath.Clean(a) == filepath.Clean(b)
	}
	two, err := os.Stat(b)
	return err == nil && one.Mode().IsRegular() && os.SameFile(one, two)
}

// asked embeds with a task.
func asked(e embedding.Embedder, task embedding.Task) func(context.Context, embedding.Request) (embedding.Response, error) {
	return func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		req.Task = task
		return e.Embed(ctx, req)
	}
}

// embedder opens the embedder of the arguments, and returns what to call after it.
func (p Parts) embedder(f embedFlags) (e embedding.Embedder, closeParts func() error, err error) {
	closeParts = func() error { return nil }
	if f.config == "" {
		if e, err = p.open(f.references[0], f.dimensions); errors.Is(err, embedding.Invalid) {
			return nil, nil, usageError{err}
		} else if err != nil {
			return nil, nil, err
		}
		if f.cache == "" {
			return embedding.Chain(e, middleware.Standard(f.options)), closeParts, nil
		}
		return p.cached(e, f)
	}
	set, err := config.Load(f.config, p.Parts)
	if err != nil {
		return nil, nil, err
	}
	names := set.Names()
	switch {
	case f.name == "" && len(names) > 1:
		err = usagef("-name is needed: %s has %s", f.config, strings.Join(names, ", "))
	default:
		if e, err = set.Embedder(cmp.Or(f.name, names[0])); err != nil {
			err = usageError{err}
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, set.Close())
	}
	return e, set.Close, nil
}

// cached puts a cache whose tier is a file around e.
func (p Parts) cached(e embedding.Embedder, f embedFlags) (embedding.Embedder, func() error, error) {
	open := p.Tiers["disk"]
	if open == nil {
		return nil, nil, usagef("-cache needs the full build: %s", "go install github.com/vecspace/embedding/full/cmd/vecspace@latest")
	}
	store, closeStore, err := open(config.Tier{Address: f.cache})
	if err != nil {
		return nil, nil, err
	}
	c, err := cache.New(cache.Options{Store: store})
	if err != nil {
		return nil, nil, errors.Join(err, closing(closeStore))
	}
	return embedding.Chain(e, c.Wrap, middleware.Standard(f.options)), func() error {
		c.Close()
		return closing(closeStore)
	}, nil
}

func closing(f func() error) error {
	if f == nil {
		return nil
	}
	return f()
}

func (p Parts) open(reference string, dimensions int) (embedding.Embedder, error) {
	if dimensions < 0 {
		return nil, usagef("-dimensions %d: a vector has at least 1", dimensions)
	}
	if dimensions == 0 {
		return p.Providers.Open(reference)
	}
	r, err := ref.Parse(reference)
	if err != nil {
		return nil, err
	}
	if _, given := r.Values["dimensions"]; given {
		return nil, usagef("both the reference and -dimensions say how long vectors are: leave one out")
	}
	if r.Values == nil {
		r.Values = map[string]string{}
	}
	r.Values["dimensions"] = strconv.Itoa(dimensions)
	return p.Providers.Open(r.String())
}
