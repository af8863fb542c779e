package kernel

import "slices"

// With int8, the weights of a linear layer become whole numbers with a scale for each output, and
// the rows that are multiplied by them whole numbers with a scale for each row. Sums of whole
// numbers are exact and the rest has one order, so every set computes the same to the last bit.
const (
	weightLevels = 127 // the largest weight
	rowLevels    = 63  // the largest value of a row: see rowZero
	// rowZero is what 0 becomes in a row. So a value is from 1 to 127: the same byte with a sign as
	// without, and two products of a value and a weight have room in 16 bits. Processors multiply
	// bytes in one of these ways or the other.
	rowZero = 64
	// group is how many values are multiplied by one instruction. In a tile they stand where a
	// float32 stands in a product of floats.
	group = 4
)

// Sets8 returns the sets of this machine that have the product of int8, the fastest first.
func Sets8() []*Set {
	return slices.DeleteFunc(Sets(), func(s *Set) bool { return s.gemm8 == nil })
}

// Packed8 is a [Packed] in int8.
type Packed8 struct {
	columns int
	scales  []float32 // of the columns
	blocks  []block8
}

type block8 struct {
	groups int // of rows
	data   []int8
	begin  []int32 // of each column's sum: it takes away what rowZero adds
}

// Pack8 is Pack for int8: a column is divided by its largest value.
func (s *Set) Pack8(p *Packed8, w []float32, ld, k, n int) {
	panels := (n + s.Columns - 1) / s.Columns
	groups := (k + group - 1) / group
	count := (groups + depth - 1) / depth
	*p = Packed8{columns: n, scales: make([]float32, panels*s.Columns)}
	up := make([]float32, n)
	for j := range n {
		p.scales[j], up[j] = scales(w[j*ld:][:k], weightLevels)
	}
	for from, i := 0, 0; i < count; i++ {
		b := block8{groups: (groups - from) / (count - i), begin: make([]int32, panels*s.Columns)}
		b.data = make([]int8, panels*s.Columns*b.groups*group)
		for j := range n {
			row := w[j*ld:][:k]
			b.fill(j, s.Columns, up[j], row[from*group:min(k, (from+b.groups)*group)])
		}
		p.blocks = append(p.blocks, b)
		from += b.groups
	}
}

// fill writes a column.
func (b *block8) fill(j, width int, up float32, values []float32) {
	at := b.data[(j/width*b.groups*width+j%width)*group:]
	for r, v := range values {
		x := nearest(v * up)
		at[r/group*width*group+r%group] = int8(x)
		b.begin[j] -= rowZero * x
	}
}

// Scale multiplies every value by a number.
func (p *Packed8) Scale(by float32) {
	for i := range p.scales {
		p.scales[i] *= by
	}
}

// Rows8 are rows in int8, for the products that follow. The zero value is ready, and it is used
// again with advantage.
type Rows8 struct {
	stride int
	data   []uint8
	scales []float32
}

// Quantize writes m rows of k values, which begin every ld values, to r.
func (s *Set) Quantize(r *Rows8, x []float32, ld, m, k int) {
	quantize := s.quantize
	if k%s.lanes != 0 {
		quantize = quantizeGo
	}
	rows := m + s.Rows // what MulAdd8 reads behind the last row
	r.stride = (k + group - 1) / group * group
	r.data = slices.Grow(r.data[:0], rows*r.stride)[:rows*r.stride]
	r.scales = slices.Grow(r.scales[:0], rows)[:rows]
	for i := range m {
		r.scales[i] = quantize(&x[i*ld], k, &r.data[i*r.stride])
	}
}

// MulAdd8 adds a × b to c. The first m rows of a are taken, and the rows of c begin every ldc
// values.
func (s *Set) MulAdd8(c []float32, ldc int, a *Rows8, m int, b *Packed8, t *Scratch) {
	from := 0
	for _, blk := range b.blocks {
		for j := 0; j < b.columns; j += s.Columns {
			columns := min(s.Columns, b.columns-j)
			tile := func(i int, to []float32, ldc int) {
				s.gemm8(blk.groups, &a.data[i*a.stride+from], a.stride, &blk.data[j*blk.groups*group], &to[0], ldc, &a.scales[i], &b.scales[j], &blk.begin[j])
			}
			for i := 0; i < m; i += s.Rows {
				if rows := min(s.Rows, m-i); rows == s.Rows && columns == s.Columns {
					tile(i, c[i*ldc+j:], ldc)
				} else {
					tile(i, s.aside(t), s.Columns)
					s.add(c[i*ldc+j:], ldc, rows, columns, t)
				}
			}
		}
		from += blk.groups * group
	}
}

// scales returns the number that whole numbers of up to levels are multiplied by to make the values
// of x, and the one by which they come from them.
func scales(x []float32, levels float32) (down, up float32) {
	var most float32
	for _, v := range x {
		most = max(most, v, -v)
	}
	if most > 0 {
		up = levels / most
	}
	return most / levels, up
}
