package flat

import (
	"context"
	"math"
	"math/bits"

	"github.com/vecspace/embedding/benchmarks/internal/metrics"
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

// eighth returns v in bytes, and 1 / length of the vector that they stand for.
func eighth(v []float32) ([]int8, float32) {
	largest := float32(0)
	for _, x := range v {
		largest = max(largest, x, -x)
	}
	out := make([]int8, len(v))
	if largest == 0 {
		return out, 0
	}
	sum := 0
	for i, x := range v {
		out[i] = int8(math.Round(float64(x / largest * 127)))
		sum += int(out[i]) * int(out[i])
	}
	return out, float32(1 / math.Sqrt(float64(sum)))
}

// Search is [Matrix.Search] over the stored bytes.
func (m *Bytes8) Search(ctx context.Context, queries [][]float32, k int) ([][]metrics.Hit, error) {
	return each(ctx, queries, func(q []float32) []metrics.Hit {
		q = q[:m.dims]
		norm := inverse(q)
		best := newTop(m.ids, k)
		for d, row := range m.rows {
			if row == nil {
				continue
			}
			row = row[:len(q)]
			var even, odd float32
			for i := 0; i+1 < len(q); i += 2 {
				even += q[i] * float32(row[i])
				odd += q[i+1] * float32(row[i+1])
			}
			if last := len(q) - 1; last%2 == 0 {
				even += q[last] * float32(row[last])
			}
			best.offer(d, (even+odd)*m.scale[d]*norm)
		}
		return best.hits()
	})
}

// Bits holds documents with one bit per dimension: whether the value is above 0. Queries become
// bits too and are compared by the number of equal bits. It is safe for concurrent use.
type Bits struct {
	ids  []string
	rows [][]uint64
	dims int
}

// NewBits quantizes rows, which it takes as [New] does.
func NewBits(ids []string, rows [][]float32, dims int) *Bits {
	m := &Bits{ids: ids, rows: make([][]uint64, len(rows)), dims: dims}
	for i, row := range rows {
		if row != nil {
			m.rows[i] = signs(row[:dims])
		}
	}
	return m
}

func signs(v []float32) []uint64 {
	out := make([]uint64, (len(v)+63)/64)
	for i, x := range v {
		if x > 0 {
			out[i/64] |= 1 << (i % 64)
		}
	}
	return out
}

// agreement scales the share of equal bits to a cosine's range, -1 to 1.
func agreement(a, b []uint64, dims int) float32 {
	differ := 0
	for i := range a {
		differ += bits.OnesCount64(a[i] ^ b[i])
	}
	return 1 - 2*float32(differ)/float32(dims)
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
