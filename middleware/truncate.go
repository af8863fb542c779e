package middleware

import (
	"context"
	"errors"
	"fmt"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/floats"
)

// TruncateOptions are options of [Truncate].
type TruncateOptions struct {
	// Space of the result. "" means "<inner space>/n": truncated vectors are comparable only with each
	// other. If the model's documentation says that truncating gives its native vectors of n
	// dimensions, set their Space here.
	Space embedding.Space
}

// Truncate returns e with each vector cut to its first n dimensions and normalized again. Only
// use it for models that were trained for it (Matryoshka representations, arXiv 2205.13147):
// other vectors lose their meaning. Truncate returns an error if e's Space or Dimensions are
// unknown, or if n is not between 1 and those dimensions. A vector whose first n dimensions are
// all zero fails as Malformed.
func Truncate(e embedding.Embedder, n int, o TruncateOptions) (embedding.Embedder, error) {
	if e == nil {
		return nil, errors.New("middleware.Truncate: the Embedder is nil")
	}
	e = embedding.Chain(e)
	m := e.Model()
	switch {
	case m.Space == "" || m.Dimensions == 0:
		return nil, fmt.Errorf("middleware.Truncate: the Space or the dimensions of %s:%s are unknown: call embedding.Probe first", m.Provider, m.ID)
	case n < 1 || n > m.Dimensions:
		return nil, fmt.Errorf("middleware.Truncate: %d dimensions: %s:%s has %d, ask for 1 to %d", n, m.Provider, m.ID, m.Dimensions, m.Dimensions)
	case n == m.Dimensions && (o.Space == "" || o.Space == m.Space):
		return e, nil
	}
	m.Space = embedding.Space(fmt.Sprintf("%s/%d", m.Space, n))
	if o.Space != "" {
		m.Space = o.Space
	}
	m.Dimensions, m.Normalized = n, true
	return embedding.Wrap(e, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		res, err := e.Embed(ctx, req)
		got := embedding.Salvage(res, err)
		if got.Vectors == nil {
			return res, err
		}
		rows, bad := cut(got.Vectors, n)
		got.Vectors = rows
		p, partial := errors.AsType[*embedding.PartialError](err)
		if !partial && bad == nil {
			return got, nil
		}
		out := embedding.NewMerger(len(rows))
		if partial {
			out.Add(nil, embedding.Response{}, &embedding.PartialError{Response: got, Failed: p.Failed})
		} else {
			out.Add(nil, got, nil)
		}
		for _, i := range bad {
			out.Add([]int{i}, embedding.Response{}, local(&m, embedding.Malformed, "",
				"the first %d dimensions of text %d are zero and have no direction", n, i))
		}
		return out.Result()
	}), nil
}

// cut returns new rows of n dimensions and unit length. A row without a direction is nil, and bad
// has its index.
func cut(rows [][]float32, n int) (out [][]float32, bad []int) {
	out = make([][]float32, len(rows))
	slab := make([]float32, 0, n*len(rows))
	for i, row := range rows {
		if row == nil {
			continue
		}
		length := floats.Norm(row[:n])
		if length == 0 {
			bad = append(bad, i)
			continue
		}
		scale := 1 / length
		at := len(slab)
		for _, x := range row[:n] {
			slab = append(slab, float32(float64(x)*scale))
		}
		out[i] = slab[at:len(slab):len(slab)]
	}
	return out, bad
}
