package embedding

import (
	"context"
	"math"
)

// Documents embeds texts as documents. The vectors are the caller's own. Texts that failed have a nil row, and the
// error is then a *PartialError; any other error comes with no rows.
func Documents(ctx context.Context, e Embedder, texts []string) ([][]float32, error) {
	res, err := Chain(e).Embed(ctx, Request{Texts: texts})
	return copied(Salvage(res, err).Vectors), err
}

// Query embeds one text as a query. The vector is the caller's own.
func Query(ctx context.Context, e Embedder, text string) ([]float32, error) {
	res, err := Chain(e).Embed(ctx, Request{Texts: []string{text}, Task: TaskQuery})
	if err != nil {
		return nil, err
	}
	return copied(res.Vectors)[0], nil
}

// copied returns the rows in a slab of their own; a caller's append to one does not reach the next.
func copied(rows [][]float32) [][]float32 {
	if rows == nil {
		return nil
	}
	size := 0
	for _, v := range rows {
		size += len(v)
	}
	slab := make([]float32, 0, size)
	out := make([][]float32, len(rows))
	for i, v := range rows {
		if v != nil {
			at := len(slab)
			slab = append(slab, v...)
			out[i] = slab[at:len(slab):len(slab)]
		}
	}
	return out
}

// Cosine returns the cosine of the angle between a and b, from -1 to 1: 0 if either is a zero vector, NaN if their
// lengths differ, because vectors of two spaces have none.
func Cosine(a, b []float32) float32 {
	if len(a) != len(b) {
		return float32(math.NaN())
	}
	var dot, aa, bb float64
	for i, x := range a {
		x, y := float64(x), float64(b[i])
		dot += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return float32(max(-1, min(1, dot/(math.Sqrt(aa)*math.Sqrt(bb)))))
}
