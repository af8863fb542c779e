package flat

import (
	"context"
	"math"
	"slices"

	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/quantize"
)

// Bytes8 holds documents with one byte per dimension: the value over the row's largest, times 127.
// Queries are not quantized. It is safe for concurrent use.
type Bytes8 struct {
	ids   []string
	rows  [][]int8
	scale []float32
	dims  int
}

// NewBytes8 quantizes rows, which it takes as [New] does.
func NewBytes8(ids []string, rows [][]float32, dims int) *Bytes8 {
	m := &Bytes8{ids: ids, rows: make([][]int8, len(rows)), scale: make([]float32, len(rows)), dims: dims}
	for i, row := range rows {
		if row != nil {
			m.rows[i], m.scale[i] = eighth(row[:dims])
		}
	}
	return m
}

// eighth returns v in bytes, and 1 / length of the vector that they stand for. A vector that is not
// finite becomes a zero vector.
func eighth(v []float32) ([]int8, float32) {
	out, _, err := quantize.AppendInt8(nil, v)
	if err != nil {
		out = make([]int8, len(v))
	}
	sum := quantize.DotInt8(out, out)
	if sum == 0 {
		return out, 0
	}
	return out, float32(1 / math.Sqrt(sum))
}

// Search is [Matrix.Search] over the stored bytes.
func (m *Bytes8) Search(ctx context.Context, queries [][]float32, k int) ([][]metrics.Hit, error) {
	return each(ctx, queries, func(q []float32) []metrics.Hit {
		q = q[:m.dims]
		norm := inverse(q)
		best := newTop(m.ids, k)
		for d, row := range m.rows {
			if row != nil {
				best.offer(d, quantize.DotQuery(q, row)*m.scale[d]*norm)
			}
		}
		return best.hits()
	})
}

// Bits holds documents with one bit per dimension: whether the value is above 0. Queries become
// bits too and are compared by the number of equal bits. It is safe for concurrent use.
type Bits struct {
	ids  []string
	rows [][]byte
	dims int
}

// NewBits quantizes rows, which it takes as [New] does.
func NewBits(ids []string, rows [][]float32, dims int) *Bits {
	m := &Bits{ids: ids, rows: make([][]byte, len(rows)), dims: dims}
	for i, row := range rows {
		if row != nil {
			m.rows[i] = signs(row[:dims])
		}
	}
	return m
}

// signs returns the bits of v. It adds zeros up to a multiple of 8, which are equal in all vectors.
// A vector with NaN becomes a zero vector.
func signs(v []float32) []byte {
	if over := len(v) % 8; over != 0 {
		v = append(slices.Clip(v), make([]float32, 8-over)...)
	}
	out, err := quantize.AppendBinary(nil, v)
	if err != nil {
		return make([]byte, len(v)/8)
	}
	return out
}

// agreement scales the share of equal bits to a cosine's range, -1 to 1.
func agreement(a, b []byte, dims int) float32 {
	return 1 - 2*float32(quantize.Hamming(a, b))/float32(dims)
}

// Search is [Matrix.Search] over the stored bits.
func (m *Bits) Search(ctx context.Context, queries [][]float32, k int) ([][]metrics.Hit, error) {
	return each(ctx, queries, func(q []float32) []metrics.Hit {
		asked := signs(q[:m.dims])
		best := newTop(m.ids, k)
		for d, row := range m.rows {
			if row != nil {
				best.offer(d, agreement(asked, row, m.dims))
			}
		}
		return best.hits()
	})
}

func each(ctx context.Context, queries [][]float32, search func([]float32) []metrics.Hit) ([][]metrics.Hit, error) {
	out := make([][]metrics.Hit, len(queries))
	for i, q := range queries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if q != nil {
			out[i] = search(q)
		}
	}
	return out, nil
}

// Storage says how vectors are stored.
type Storage string

// Kinds of storage.
const (
	Float32 Storage = "float32"
	Int8    Storage = "int8"
	Binary  Storage = "binary"
)

// Bytes returns the size of one vector without its ID. An int8 vector includes its scale.
func (s Storage) Bytes(dims int) int {
	switch s {
	case Int8:
		return dims + 4
	case Binary:
		return (dims + 7) / 8
	}
	return 4 * dims
}

// Similarity compares two vectors cut to dims. It stores b as s says and treats a as a query.
func (s Storage) Similarity(a, b []float32, dims int) float64 {
	a, b = a[:dims], b[:dims]
	switch s {
	case Binary:
		return float64(agreement(signs(a), signs(b), dims))
	case Int8:
		stored, scale := eighth(b)
		sum := 0.0
		for i, x := range a {
			sum += float64(x) * float64(stored[i])
		}
		return sum * float64(scale) * float64(inverse(a))
	}
	var ab, aa, bb float64
	for i, x := range a {
		ab += float64(x) * float64(b[i])
		aa += float64(x) * float64(x)
		bb += float64(b[i]) * float64(b[i])
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa) / math.Sqrt(bb)
}
