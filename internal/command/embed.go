package command

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/ref"
)

// result is a line of the output.
type result struct {
	Index  int       `json:"index"` // of the input's line, from 0
	Vector []float32 `json:"vector,omitempty"`
	Error  string    `json:"error,omitempty"`
}

const embedUsage = `usage: vecspace embed REFERENCE [FLAGS] <LINES >JSON
       vecspace embed -config FILE [-name NAME] <LINES >JSON

Embeds each line of the standard input as a document. For each it writes a line {"index":0,"vector":[...]}, or
{"index":0,"error":"..."} where the line cannot be embedded; it then exits with 1. Index counts lines from 0.
The input is UTF-8, or UTF-16 that begins with a byte order mark.
REFERENCE is provider:model?option=value, such as static:base or dashscope:text-embedding-v4?region=intl.
FILE is a YAML file of embedders with their caches and limits, as docs/config.md describes it.
API keys come from the environment.

`

// embedFlags are the arguments of embed.
type embedFlags struct {
	references   []string
	dimensions   int
	config, name string
}

func (p Parts) embed(ctx context.Context, args []string, std streams) error {
	var f embedFlags
	fs := flag.NewFlagSet("vecspace embed", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), embedUsage)
		fs.PrintDefaults()
	}
	fs.IntVar(&f.dimensions, "dimensions", 0, "length of the vectors, as ?dimensions= in the reference; 0: the model's own")
	fs.StringVar(&f.config, "config", "", "open an embedder of this YAML `file` instead of a reference")
	fs.StringVar(&f.name, "name", "", "the embedder's `name` in the file; not needed if the file has only one")
	var err error
	if f.references, err = parse(fs, args, std); err != nil {
		return err
	}
	w := &waits{say: func(line string) { fmt.Fprintln(std.err, "vecspace embed:", line) }}
	defer w.end()
	p.Providers = w.table(p.Providers)
	if f.config != "" {
		return p.embedConfigured(ctx, f, std)
	}
	switch {
	case f.name != "":
		return usagef("-name names an embedder of a file: add -config FILE")
	case len(f.references) != 1:
		return usagef("one reference is needed, such as static:base, and there are %d", len(f.references))
	}
	e, err := p.open(f.references[0], f.dimensions)
	if errors.Is(err, embedding.Invalid) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	return embedLines(ctx, embedding.Chain(e, middleware.Standard(middleware.StandardOptions{})), std)
}

// embedConfigured embeds with an embedder from a file, which describes its stack.
func (p Parts) embedConfigured(ctx context.Context, f embedFlags, std streams) error {
	if len(f.references) > 0 || f.dimensions != 0 {
		return usagef("-config replaces the reference and -dimensions: leave them out")
	}
	set, err := config.Load(f.config, p.Parts)
	if err != nil {
		return err
	}
	defer func() {
		if err := set.Close(); err != nil { // every vector has been written all the same
			fmt.Fprintf(std.err, "vecspace embed: warning: %v\n", err)
		}
	}()
	if names := set.Names(); f.name == "" && len(names) > 1 {
		return usagef("-name is needed: %s has %s", f.config, strings.Join(names, ", "))
	} else if f.name == "" {
		f.name = names[0]
	}
	e, err := set.Embedder(f.name)
	if err != nil {
		return usageError{err}
	}
	return embedLines(ctx, e, std)
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

// embedLines writes a result for each line of the input.
func embedLines(ctx context.Context, e embedding.Embedder, std streams) error {
	out := bufio.NewWriter(std.out)
	write := json.NewEncoder(out)
	lines, failed := 0, 0
	for got, err := range embedding.Lines(ctx, e, std.in) {
		if err != nil {
			return errors.Join(err, out.Flush()) // the output so far has been paid for
		}
		lines = got.Item.Number
		res := result{Index: lines - 1, Vector: got.Vector}
		if got.Err != nil {
			res.Error = got.Err.Error()
			failed++
		}
		if err := write.Encode(res); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d lines have no vector: their errors are in the output", failed, lines)
	}
	return nil
}
