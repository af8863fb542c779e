// Package lend spares a caller of embedding.Stream that only reads the vectors their copies.
package lend

import "context"

type key struct{}

// Vectors returns a context for a Stream that yields the rows of answers as they are. The caller
// must not change them.
func Vectors(ctx context.Context) context.Context { return context.WithValue(ctx, key{}, true) }

// Take reports whether ctx is of Vectors and returns one that is not: an Embedder that calls Stream
// itself gets copies.
func Take(ctx context.Context) (context.Context, bool) {
	lent, _ := ctx.Value(key{}).(bool)
	if lent {
		ctx = context.WithValue(ctx, key{}, false)
	}
	return ctx, lent
}
