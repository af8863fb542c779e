// Package flat finds the nearest vectors by comparing a query with all of them. Without an index or
// approximation, the results depend only on the embedder.
//
// [Matrix] holds float32 vectors, [Bytes8] and [Bits] hold quantized ones.
package flat

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/internal/floats"
)

// Matrix holds documents to search. It is safe for concurrent use.
type Matrix struct {
	ids   []string
	rows  [][]float32
	live  []int     // the rows that are not nil
	scale []float32 // 1 / length of each row, 0 for a zero row
	dims  int
}

// New returns the Matrix of rows cut to their first dims values; ids[i] names rows[i]. It keeps
// both slices and copies no vector. A search never finds a nil row. dims must not exceed the length
// of any row.
func New(ids []string, rows [][]float32, dims int) *Matrix {
	m := &Matrix{ids: ids, rows: rows, scale: make([]float32, len(rows)), dims: dims}
	for i, row := range rows {
		if row != nil {
			m.scale[i] = inverse(row[:dims])
			m.live = append(m.live, i)
		}
	}
	return m
}

// inverse returns 1 / length of v, 0 if the length is 0.
func inverse(v []float32) float32 {
	length := floats.Norm(v)
	if length == 0 {
		return 0
	}
	return float32(1 / length)
}

// Search returns the k documents with the highest cosine for each query, in [metrics.Order]. It
// rounds cosines to float32 before it breaks ties, as MTEB does. Queries are cut to the documents'
// length; a nil query finds nothing. The error is the context's.
func (m *Matrix) Search(ctx context.Context, queries [][]float32, k int) ([][]metrics.Hit, error) {
	out := make([][]metrics.Hit, len(queries))
	var asked []int // those that are not nil
	for i, q := range queries {
		if q != nil {
			asked = append(asked, i)
		}
	}
	for block := range slices.Chunk(asked, together) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var q [together][]float32
		var norm [together]float32
		var best [together]*top
		for j := range q {
			i := block[min(j, len(block)-1)] // repeats the last query in a short block
			q[j] = queries[i][:m.dims]
			norm[j] = inverse(q[j])
			best[j] = newTop(m.ids, k)
		}
		for _, d := range m.live {
			products := dot(m.rows[d][:m.dims], &q)
			for j := range block {
				if score := products[j] * m.scale[d] * norm[j]; score >= best[j].least {
					best[j].offer(d, score)
				}
			}
		}
		for j, i := range block {
			out[i] = best[j].hits()
		}
	}
	return out, nil
}

// together is the number of queries that a document is compared with at once. Six sums and products
// just fit the processor's registers; with eight the compiler keeps some in memory, which takes
// twice as long.
const together = 6

// dot returns the product of v with each of six vectors of its length.
func dot(v []float32, q *[together][]float32) [together]float32 {
	n := len(v)
	a, b, c, d, e, f := q[0][:n], q[1][:n], q[2][:n], q[3][:n], q[4][:n], q[5][:n]
	var va, vb, vc, vd, ve, vf float32
	for i, x := range v {
		va += x * a[i]
		vb += x * b[i]
		vc += x * c[i]
		vd += x * d[i]
		ve += x * e[i]
		vf += x * f[i]
	}
	return [together]float32{va, vb, vc, vd, ve, vf}
}

// top keeps the best k offers in a heap. Its root is the worst of them.
type top struct {
	ids   []string
	k     int
	heap  []scored
	least float32 // the lowest score worth an offer
}

func newTop(ids []string, k int) *top { return &top{ids: ids, k: k, least: float32(math.Inf(-1))} }

type scored struct {
	doc   int
	score float32
}

// worse reports whether a ranks below b.
func (t *top) worse(a, b scored) bool {
	return a.score < b.score || a.score == b.score && t.ids[a.doc] < t.ids[b.doc]
}

func (t *top) offer(doc int, score float32) {
	s := scored{doc, score}
	if len(t.heap) < t.k {
		t.heap = append(t.heap, s)
		for i := len(t.heap) - 1; i > 0; {
			up := (i - 1) / 2
			if !t.worse(t.heap[i], t.heap[up]) {
				break
			}
			t.heap[i], t.heap[up] = t.heap[up], t.heap[i]
			i = up
		}
		if len(t.heap) == t.k {
			t.least = t.heap[0].score
		}
		return
	}
	if t.k <= 0 || !t.worse(t.heap[0], s) {
		return
	}
	t.heap[0] = s
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(t.heap); child++ {
			if t.worse(t.heap[child], t.heap[least]) {
				least = child
			}
		}
		if least == i {
			t.least = t.heap[0].score
			return
		}
		t.heap[i], t.heap[least] = t.heap[least], t.heap[i]
		i = least
	}
}

func (t *top) hits() []metrics.Hit {
	out := make([]metrics.Hit, len(t.heap))
	for i, s := range t.heap {
		out[i] = metrics.Hit{Doc: t.ids[s.doc], Score: float64(s.score)}
	}
	slices.SortFunc(out, func(a, b metrics.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(b.Doc, a.Doc))
	})
	return out
}
