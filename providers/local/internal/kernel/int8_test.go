package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
)

// each8 runs a test with every set that has the product of int8.
func each8(t *testing.T, test func(t *testing.T, s *Set)) {
	for _, s := range Sets8() {
		t.Run(s.Name, func(t *testing.T) { test(t, s) })
	}
}

// whole returns the whole numbers that x becomes with up to levels, and their scale, one after the
// other in float64. A value next to a half may go either way, so it is moved.
func whole(x []float32, levels float64) (out []float64, scale float64) {
	for _, v := range x {
		scale = max(scale, math.Abs(float64(v))/levels)
	}
	for i, v := range x {
		q := 0.0
		if scale > 0 {
			q = float64(v) / scale
		}
		if _, part := math.Modf(math.Abs(q)); math.Abs(part-.5) < 1e-4 {
			x[i] = 0
			q = 0
		}
		out = append(out, math.RoundToEven(q))
	}
	return out, scale
}

// The product of int8 is that of whole numbers, with every shape, and every set has the same to
// the last bit. A row or a column of zeros gives zeros.
func TestMulAdd8(t *testing.T) {
	for _, shape := range [][3]int{
		{1, 1, 1}, {1, 3, 5}, {12, 4, 32}, {13, 5, 33}, {23, 16, 63}, {6, 64, 16}, {7, 50, 40}, {37, 384, 96}, {5, group*depth + 20, 33}, {13, 1536, 40},
	} {
		m, k, n := shape[0], shape[1], shape[2]
		r := rand.New(rand.NewPCG(7, uint64(k)))
		lda, ldw, ldc := k+3, k+1, n+1
		a, w, before := random(r, m*lda), random(r, n*ldw), random(r, m*ldc)
		clear(a[:k])
		clear(w[:k])
		if m > 1 && n > 1 {
			for i := range k { // products as large as can be, all of one sign
				a[lda+i], w[ldw+i] = 3, -2
			}
		}
		want := make([]float64, len(before))
		for i := range want {
			want[i] = float64(before[i])
		}
		weights, down := make([][]float64, n), make([]float64, n)
		for j := range n {
			weights[j], down[j] = whole(w[j*ldw:][:k], 127)
		}
		for i := range m {
			row, scale := whole(a[i*lda:][:k], 63)
			for j := range n {
				var sum float64
				for l := range k {
					sum += row[l] * weights[j][l]
				}
				want[i*ldc+j] += sum * scale * down[j]
			}
		}
		var same []float32
		each8(t, func(t *testing.T, s *Set) {
			var p Packed8
			var q Rows8
			got := slices.Clone(before)
			s.Pack8(&p, w, ldw, k, n)
			s.Quantize(&q, a, lda, m, k)
			s.MulAdd8(got, ldc, &q, m, &p, new(Scratch))
			near(t, fmt.Sprint(shape), got, want)
			if same == nil {
				same = got
			}
			expect.Equal(t, fmt.Sprint(shape, " as the first set has it"), got, same)
		})
	}
}

// Every set makes the same bytes of a row, from 1 to 127, and the same scale, to the last bit.
func TestQuantize(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for _, k := range []int{1, 7, 8, 16, 48, 100, 384} {
		rows := map[string][]float32{"random": random(r, k), "zeros": make([]float32, k), "halves": make([]float32, k), "tiny": random(r, k)}
		for i := range k {
			rows["halves"][i] = float32(i%127-63) / 2
			rows["tiny"][i] *= 1e-30
		}
		rows["halves"][0] = -63
		for name, x := range rows {
			var bytes []uint8
			var scale float32
			each8(t, func(t *testing.T, s *Set) {
				var q Rows8
				s.Quantize(&q, x, k, 1, k)
				got := q.data[:k]
				if bytes == nil {
					bytes, scale = slices.Clone(got), q.scales[0]
				}
				expect.Equal(t, fmt.Sprint(name, " bytes of ", k), got, bytes)
				expect.Equal(t, fmt.Sprint(name, " scale of ", k), q.scales[0], scale)
				for i, b := range got {
					if v := float64(int(b)-rowZero) * float64(scale); b < 1 || b > 127 || math.Abs(v-float64(x[i])) > .501*float64(scale) {
						t.Fatalf("%s, %d values: value %d is the byte %d, %v, want %v", name, k, i, b, v, x[i])
					}
				}
			})
		}
	}
}

// What is not a number stays visible, so that the guard sees that a weight is none.
func TestPack8NaN(t *testing.T) {
	each8(t, func(t *testing.T, s *Set) {
		var p Packed8
		var q Rows8
		c := make([]float32, 2)
		s.Pack8(&p, []float32{1, 2, float32(math.NaN()), 4}, 2, 2, 2)
		s.Quantize(&q, []float32{1, 1}, 2, 1, 2)
		s.MulAdd8(c, 2, &q, 1, &p, new(Scratch))
		if c[0] == 0 || c[0] != c[0] || c[1] == c[1] {
			t.Errorf("got %v, want a number and none", c)
		}
	})
}

func TestAllocations8(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	each8(t, func(t *testing.T, s *Set) {
		const m, k, n = 13, 40, 70
		a, c := make([]float32, m*k), make([]float32, m*n)
		var p Packed8
		var q Rows8
		var scratch Scratch
		s.Pack8(&p, make([]float32, n*k), k, k, n)
		run := func() {
			s.Quantize(&q, a, k, m, k)
			s.MulAdd8(c, n, &q, m, &p, &scratch)
		}
		run()
		expect.Equal(t, "allocations", testing.AllocsPerRun(10, run), 0.0)
	})
}

func BenchmarkMulAdd8(b *testing.B) {
	for _, s := range Sets8() {
		for _, shape := range [][3]int{{240, 384, 1536}, {240, 1536, 384}} {
			m, k, n := shape[0], shape[1], shape[2]
			b.Run(fmt.Sprintf("%s/%dx%dx%d", s.Name, m, k, n), func(b *testing.B) {
				var p Packed8
				s.Pack8(&p, make([]float32, k*n), k, k, n)
				a, c := make([]float32, m*k), make([]float32, m*n)
				var q Rows8
				var t Scratch
				for b.Loop() {
					s.Quantize(&q, a, k, m, k)
					s.MulAdd8(c, n, &q, m, &p, &t)
				}
				b.ReportMetric(float64(2*m*k*n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GOP/s")
			})
		}
	}
}
