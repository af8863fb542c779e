package main

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"math"
	"sync"
	"time"

	"github.com/vecspace/embedding"
)

// callers is the number of goroutines of a job.
const callers = 64

// result is the result for one occurrence of a text.
type result struct {
	hash   uint64         // of its vector; 0 if it has none
	failed bool           // it has an error
	kind   embedding.Kind // of that error
	err    error
}

// hashOf returns a hash of all bits of a vector. It is never 0.
func hashOf(v []float32) uint64 {
	h := fnv.New64a()
	var b [4]byte
	for _, f := range v {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(f))
		_, _ = h.Write(b[:])
	}
	return max(1, h.Sum64())
}

// mark is an event in the middle of a job.
type mark struct {
	at float64 // the part of the job that has begun by then
	do func(context.Context) error
}

// run embeds the job's texts. It returns a result for each occurrence and the time taken. A mark's
// action runs beside the job, but the next mark and the end of the job wait for it.
func (j *job) run(ctx context.Context, e embedding.Embedder, marks ...mark) ([]result, time.Duration, error) {
	out := make([]result, len(j.order))
	start := time.Now()
	todo := make(chan call)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for c := range todo {
				j.embed(ctx, e, c, out[c.from:c.to])
			}
		})
	}
	var acts []error
	done := make(chan error, 1)
	done <- nil
	for _, c := range j.calls {
		for len(marks) > 0 && float64(c.from) >= marks[0].at*float64(len(j.order)) {
			acts = append(acts, <-done)
			do := marks[0].do
			go func() { done <- do(ctx) }()
			marks = marks[1:]
		}
		todo <- c
	}
	close(todo)
	wg.Wait()
	took := time.Since(start)
	acts = append(acts, <-done)
	return out, took, errors.Join(acts...)
}

func (j *job) embed(ctx context.Context, e embedding.Embedder, c call, out []result) {
	texts := make([]string, 0, c.to-c.from)
	for _, i := range j.order[c.from:c.to] {
		texts = append(texts, j.texts[i])
	}
	res, err := e.Embed(ctx, embedding.Request{Texts: texts})
	for i, v := range embedding.Salvage(res, err).Vectors {
		if i < len(out) && v != nil {
			out[i].hash = hashOf(v)
		}
	}
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, f := range p.Failed {
			if f.Index < len(out) {
				out[f.Index].failed, out[f.Index].kind, out[f.Index].err = true, embedding.KindOf(f.Err), f.Err
			}
		}
	} else if err != nil {
		for i := range out {
			out[i].failed, out[i].kind, out[i].err = true, embedding.KindOf(err), err
		}
	}
}
