// Package recall connects a cache with the layers inside it, so that no text is paid for twice.
//
// Between the answer to a request and the moment when the cache has stored it, another call could
// ask for the same text again. So Coalesce stores an answer before its texts stop being in
// flight, and looks into the cache again before it asks. Batch stores the vectors of each request
// while others are in flight.
//
// The cache passes itself in the context. This changes which requests are made, never a vector. So
// does an index outside, which stores what a long call has paid for as it comes.
package recall

import (
	"context"

	"github.com/vecspace/embedding"
)

// Memory is a call of a cache, as the layers inside it see the cache.
type Memory interface {
	// Model returns the Model of the vectors in the cache.
	Model() embedding.Model
	// Recall returns the vector of a text if it was stored after the call looked for it, otherwise
	// nil.
	Recall(task embedding.Task, text string) []float32
	// Keep stores copies of the rows, even if ctx has ended. It skips nil rows.
	Keep(ctx context.Context, task embedding.Task, texts []string, rows [][]float32)
}

type key struct{}

// With returns a context that carries m. A Memory of the same vectors that ctx has already keeps
// what m keeps.
func With(ctx context.Context, m Memory) context.Context {
	if outer := From(ctx, m.Model()); outer != nil {
		m = both{m, outer}
	}
	return context.WithValue(ctx, key{}, m)
}

// both is a Memory inside another one.
type both struct {
	Memory
	outer Memory
}

func (b both) Keep(ctx context.Context, task embedding.Task, texts []string, rows [][]float32) {
	b.Memory.Keep(ctx, task, texts, rows)
	b.outer.Keep(ctx, task, texts, rows)
}

// From returns the Memory in ctx, or nil if its vectors are not the model's own: with a Truncate
// in between they are not.
func From(ctx context.Context, model embedding.Model) Memory {
	m, ok := ctx.Value(key{}).(Memory)
	if !ok {
		return nil
	}
	its := m.Model()
	if !its.Space.Same(model.Space) || its.Variant != model.Variant || its.Dimensions != model.Dimensions {
		return nil
	}
	return m
}
