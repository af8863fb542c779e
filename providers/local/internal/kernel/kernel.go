// Package kernel has the arithmetic of a transformer on float32: the product of matrices, GELU,
// softmax and layer norm. Each exists in assembly for several processors and in plain Go.
package kernel

import "slices"

// Set is the arithmetic for one kind of processor. Sets add in other orders and agree within about
// 1e-6 of the largest term. Its methods are safe for concurrent use on different memory.
type Set struct {
	Name    string
	Rows    int // of a tile of a product, which is computed in one piece
	Columns int // of a tile; a Packed matrix has panels of that width

	lanes   int // the assembly takes lengths that are multiples of it
	gemm    func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)
	gelu    func(x *float32, n int)
	softmax func(x *float32, n int)
	norm    func(x, add, weight, shift *float32, n int, eps float32)

	// gemm8 multiplies rows by groups of values along k, and by the scales of rows and columns. A set
	// without it is not one of Sets8.
	gemm8    func(k int, a *uint8, lda int, b *int8, c *float32, ldc int, scales, columns *float32, begin *int32)
	quantize func(x *float32, n int, to *uint8) (scale float32)
}

// Sets returns the sets that this machine can run, the fastest first. The last is in plain Go.
// GODEBUG=cpu.avx512f=off leaves out AVX-512, and cpu.avx2=off AVX2.
func Sets() []*Set { return append(machine(), plain) }

// depth is how many rows of a Packed matrix are in one block: a panel of it and the rows of the
// other matrix stay in the first cache.
const depth = 256

// Packed is a matrix of K rows and N columns in the order in which a Set reads it: blocks of rows,
// in a block panels of columns.
type Packed struct {
	K, N   int
	blocks []block
}

type block struct {
	k    int // rows
	data []float32
}

// Pack packs the transpose of w, whose n rows of k values begin every ld values: the weight of a
// linear layer, with the k inputs of one output in a row. It writes into p, whose memory it uses
// again. The columns that fill up the last panel are zero, or left from before.
func (s *Set) Pack(p *Packed, w []float32, ld, k, n int) {
	panels := (n + s.Columns - 1) / s.Columns
	count := (k + depth - 1) / depth
	p.K, p.N = k, n
	p.blocks = slices.Grow(p.blocks[:0], count)[:count]
	for from, i := 0, 0; i < count; i++ {
		rows := (k - from) / (count - i) // blocks of about one size
		size := panels * s.Columns * rows
		b := &p.blocks[i]
		b.k, b.data = rows, slices.Grow(b.data[:0], size)[:size]
		for j := range n {
			at := b.data[j/s.Columns*s.Columns*rows+j%s.Columns:]
			for r, v := range w[j*ld+from:][:rows] {
				at[r*s.Columns] = v
			}
		}
		from += rows
	}
}

// Scale multiplies every value by a number.
func (p *Packed) Scale(by float32) {
	for _, b := range p.blocks {
		for i := range b.data {
			b.data[i] *= by
		}
	}
}

// Scratch is what a product needs beside its matrices. The zero value is ready. It must not be used
// by two goroutines at once.
type Scratch struct{ tile []float32 }

// MulAdd adds a × b to c. The m rows of a and c begin every lda and ldc values. The memory of a
// goes on for Rows-1 rows behind the last: what is there is read and changes nothing.
func (s *Set) MulAdd(c []float32, ldc int, a []float32, lda, m int, b *Packed, t *Scratch) {
	from := 0
	for _, blk := range b.blocks {
		s.product(c, ldc, a[from:], lda, m, blk.data, s.Columns, s.Columns*blk.k, blk.k, b.N, t)
		from += blk.k
	}
}

// MulAddPlain is MulAdd for a matrix of k rows and n columns that is not packed: its rows begin
// every ldb values. The memory of b goes on for Columns-1 values behind the last.
func (s *Set) MulAddPlain(c []float32, ldc int, a []float32, lda, m int, b []float32, ldb, k, n int, t *Scratch) {
	s.product(c, ldc, a, lda, m, b, ldb, s.Columns, k, n, t)
}

// product computes a tile after the other. In b a panel begins every step values and a row of it
// every ldb.
func (s *Set) product(c []float32, ldc int, a []float32, lda, m int, b []float32, ldb, step, k, n int, t *Scratch) {
	for j := 0; j < n; j += s.Columns {
		panel := b[j/s.Columns*step:]
		columns := min(s.Columns, n-j)
		for i := 0; i < m; i += s.Rows {
			if rows := min(s.Rows, m-i); rows == s.Rows && columns == s.Columns {
				s.gemm(k, &a[i*lda], lda, &panel[0], ldb, &c[i*ldc+j], ldc)
			} else {
				s.edge(k, a[i*lda:], lda, panel, ldb, c[i*ldc+j:], ldc, rows, columns, t)
			}
		}
	}
}

// edge computes a whole tile aside and adds the rows and columns that are in c.
func (s *Set) edge(k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc, rows, columns int, t *Scratch) {
	s.gemm(k, &a[0], lda, &b[0], ldb, &s.aside(t)[0], s.Columns)
	s.add(c, ldc, rows, columns, t)
}

// aside returns a tile of zeros.
func (s *Set) aside(t *Scratch) []float32 {
	size := s.Rows * s.Columns
	t.tile = slices.Grow(t.tile[:0], size)[:size]
	clear(t.tile)
	return t.tile
}

// add adds rows and columns of the tile aside to c.
func (s *Set) add(c []float32, ldc, rows, columns int, t *Scratch) {
	for i := range rows {
		to := c[i*ldc:][:columns]
		for j, v := range t.tile[i*s.Columns:][:columns] {
			to[j] += v
		}
	}
}

// GELU applies the exact GELU, x Φ(x), to each value. The result of a value does not depend on its
// place.
func (s *Set) GELU(x []float32, t *Scratch) {
	n := len(x) / s.lanes * s.lanes
	if n > 0 {
		s.gelu(&x[0], n)
	}
	if n < len(x) {
		rest := slices.Grow(t.tile[:0], s.lanes)[:s.lanes]
		clear(rest)
		t.tile = rest
		copy(rest, x[n:])
		s.gelu(&rest[0], s.lanes)
		copy(x[n:], rest)
	}
}

// Softmax replaces x, of a length that is a multiple of Columns, by its softmax.
func (s *Set) Softmax(x []float32) { s.softmax(&x[0], len(x)) }

// Norm adds add to x and replaces the sum by its layer norm: mean 0 and variance 1, times weight,
// plus shift. All four have the length of x.
func (s *Set) Norm(x, add, weight, shift []float32, eps float32) {
	n := len(x)
	if n%s.lanes != 0 {
		s = plain
	}
	s.norm(&x[0], &add[:n][0], &weight[:n][0], &shift[:n][0], n, eps)
}
