// Package recall lets a cache and the layers inside it act as one, so that a text is never asked for between the landing of its
// answer and its way into the cache: Coalesce has the answer stored before the text counts as no longer in flight, and looks
// into the cache again before it asks; Batch has each request's vectors stored while others are under way. The cache passes itself in
// the context; that changes who is asked, never a vector.
package recall

import (
	"context"

	"github.com/vecspace/embedding"
)

// Memory is what one call of a cache offers the layers inside.
type Memory interface {
	// Model is the one whose vectors are kept.
	Model() embedding.Model
	// Recall returns the vector of a text that was stored after the call had looked for it, or nil.
	Recall(task embedding.Task, text string) []float32
	// Keep stores what was answered, also when ctx has ended; nil rows are passed over. The rows are copied.
	Keep(ctx context.Context, task embedding.Task, texts []string, rows [][]float32)
}

type key struct{}

// With returns a context that carries m.
func With(ctx context.Context, m Memory) context.Context { return context.WithValue(ctx, key{}, m) }

// From returns the Memory in ctx, nil unless it keeps exactly what model gives: with a Truncate in between it does not.
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
