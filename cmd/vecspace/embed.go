package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strconv"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

// result is a line of the output.
type result struct {
	Index  int       `json:"index"` // of the input's line, from 0
	Vector []float32 `json:"vector,omitempty"`
	Error  string    `json:"error,omitempty"`
}

func embed(ctx context.Context, args []string, std streams) error {
	fs := flag.NewFlagSet("vecspace embed", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), "usage: vecspace embed REFERENCE [FLAGS] <LINES >JSON\n\n"+
			"Embeds each line of the standard input as a document. For each it writes a line {\"index\":0,\"vector\":[...]}, or\n"+
			"{\"index\":0,\"error\":\"...\"} where the line cannot be embedded; it then exits with 1. Index counts lines from 0.\n"+
			"REFERENCE is provider:model?option=value, such as static:base or dashscope:text-embedding-v4?region=intl.\n"+
			"API keys come from the environment.\n\n")
		fs.PrintDefaults()
	}
	dimensions := fs.Int("dimensions", 0, "length of the vectors, as ?dimensions= in the reference; 0: the model's own")
	rest, err := parse(fs, args, std)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usagef("one reference is needed, such as static:base, and there are %d", len(rest))
	}
	e, err := open(rest[0], *dimensions)
	if errors.Is(err, embedding.Invalid) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	return embedLines(ctx, embedding.Chain(e, middleware.Standard(middleware.StandardOptions{})), std)
}

func open(reference string, dimensions int) (embedding.Embedder, error) {
	if dimensions < 0 {
		return nil, usagef("-dimensions %d: a vector has at least 1", dimensions)
	}
	if dimensions == 0 {
		return providers.Open(reference)
	}
	ref, err := providers.Parse(reference)
	if err != nil {
		return nil, err
	}
	if _, given := ref.Values["dimensions"]; given {
		return nil, usagef("both the reference and -dimensions say how long vectors are: leave one out")
	}
	if ref.Values == nil {
		ref.Values = map[string]string{}
	}
	ref.Values["dimensions"] = strconv.Itoa(dimensions)
	return providers.Open(ref.String())
}

// embedLines writes a result for each line of the input.
func embedLines(ctx context.Context, e embedding.Embedder, std streams) error {
	out := bufio.NewWriter(std.out)
	write := json.NewEncoder(out)
	lines, failed := 0, 0
	for got, err := range embedding.Lines(ctx, e, std.in) {
		if err != nil {
			return errors.Join(err, out.Flush()) // what there is has been paid for
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
