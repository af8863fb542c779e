package main

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
)

// TestMarks: an action begins at its mark and runs beside the job. The next action and the end wait
// for it.
func TestMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJob(4000, 1)
		fake := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: time.Second} }})
		var calls atomic.Int64
		e := embedding.Wrap(fake, fake.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			calls.Add(1)
			return fake.Embed(ctx, req)
		})
		var began, second, held int64
		oops := errors.New("oops")
		got, took, err := j.run(t.Context(), embedding.Chain(e),
			mark{0.25, func(context.Context) error {
				began = calls.Load()
				time.Sleep(time.Minute)
				held = calls.Load()
				return oops
			}},
			mark{0.5, func(context.Context) error { second = calls.Load(); return nil }},
		)
		all := int64(len(j.calls))
		if !errors.Is(err, oops) || took < time.Minute || calls.Load() != all {
			t.Errorf("%v after %v and %d of %d calls", err, took, calls.Load(), all)
		}
		within := func(n int64, from, to float64) bool {
			return float64(n) >= from*float64(all)-callers && float64(n) <= to*float64(all)+callers
		}
		if !within(began, 0.2, 0.3) || !within(held, 0.45, 0.55) || second < held {
			t.Errorf("of %d calls the first mark came after %d, the job was held at %d, the second came after %d", all, began, held, second)
		}
		for at, r := range got {
			if want := hashOf(fake.Vector(embedding.TaskDocument, j.texts[j.order[at]])); r.hash != want {
				t.Fatalf("occurrence %d has %+v, want %d", at, r, want)
			}
		}
	})
}

// TestResults: each text gets its part of a call's result: rows and errors of a partial failure,
// one error of a whole failure, and nothing for texts that a broken embedder leaves out.
func TestResults(t *testing.T) {
	j := &job{texts: []string{"a", "b", "c"}, order: []int{0, 1, 2}, calls: []call{{0, 3}}}
	bad := &embedding.Error{Kind: embedding.Malformed}
	row := []float32{1}
	ok, none, malformed := result{hash: hashOf(row)}, result{}, result{failed: true, kind: embedding.Malformed, err: bad}
	for _, tc := range []struct {
		name string
		res  embedding.Response
		err  error
		want []result
	}{
		{"all", embedding.Response{Vectors: [][]float32{row, row, row}}, nil, []result{ok, ok, ok}},
		{"a row too few", embedding.Response{Vectors: [][]float32{row, row}}, nil, []result{ok, ok, none}},
		{"a whole failure", embedding.Response{}, bad, []result{malformed, malformed, malformed}},
		{"a partial one", embedding.Response{}, &embedding.PartialError{
			Response: embedding.Response{Vectors: [][]float32{row, nil, nil}}, Failed: []embedding.TextError{{Index: 2, Err: bad}},
		}, []result{ok, none, malformed}},
	} {
		fake := embedtest.NewFake(embedtest.FakeOptions{})
		e := embedding.Wrap(fake, fake.Model(), func(context.Context, embedding.Request) (embedding.Response, error) { return tc.res, tc.err })
		got, _, err := j.run(t.Context(), e)
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%s: %+v (%v), want %+v", tc.name, got, err, tc.want)
		}
	}
}
