package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
)

// each runs a test with every set of this machine.
func each(t *testing.T, test func(t *testing.T, s *Set)) {
	for _, s := range Sets() {
		t.Run(s.Name, func(t *testing.T) { test(t, s) })
	}
}

func random(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// near fails the test where a value is not within 1e-5 of what it should be, or 1e-5 of its size.
func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= 1e-5*max(1, math.Abs(w))) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], w)
		}
	}
}

// The product has every shape: whole tiles and parts of them, one block of rows and several. What
// is behind the rows of a changes nothing, and what is around c stays.
func TestMulAdd(t *testing.T) {
	each(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(1, 2))
		var p Packed
		var scratch Scratch
		for _, shape := range [][3]int{
			{1, 1, 1}, {1, 3, 5}, {s.Rows, 4, s.Columns}, {s.Rows + 1, 5, s.Columns + 1}, {2*s.Rows - 1, 7, 2*s.Columns - 1},
			{3 * s.Rows, depth, 16}, {5, depth + 1, 33}, {13, 2*depth + 3, 40}, {37, 64, 96},
		} {
			m, k, n := shape[0], shape[1], shape[2]
			lda, ldb, ldc := k+3, n+2, n+1
			a, w, b := random(r, (m+s.Rows)*lda), random(r, n*(k+1)), make([]float32, k*ldb+s.Columns)
			for i := range w {
				w[i] /= float32(math.Sqrt(float64(k))) // sums of about 1, as in a model
			}
			for i := m * lda; i < len(a); i++ {
				a[i] = float32(math.NaN())
			}
			for j := range n {
				for i := range k {
					b[i*ldb+j] = w[j*(k+1)+i]
				}
			}
			before := random(r, m*ldc)
			want := make([]float64, len(before))
			for i := range want {
				want[i] = float64(before[i])
			}
			for i := range m {
				for j := range n {
					for l := range k {
						want[i*ldc+j] += float64(a[i*lda+l]) * float64(w[j*(k+1)+l])
					}
				}
			}
			got := append([]float32{}, before...)
			s.Pack(&p, w, k+1, k, n)
			s.MulAdd(got, ldc, a, lda, m, &p, &scratch)
			near(t, fmt.Sprintf("packed %v", shape), got, want)
			got = append([]float32{}, before...)
			s.MulAddPlain(got, ldc, a, lda, m, b, ldb, k, n, &scratch)
			near(t, fmt.Sprintf("plain %v", shape), got, want)
		}
	})
}

func TestGELU(t *testing.T) {
	each(t, func(t *testing.T, s *Set) {
		for _, n := range []int{1, 7, 16, 33, 100} {
			x := make([]float32, n)
			want := make([]float64, n)
			for i := range x {
				v := 20 * (float64(i)/float64(n) - 0.5)
				if i == n/3 {
					v = 1e-30
				}
				x[i] = float32(v)
				v = float64(x[i])
				want[i] = v * (1 + math.Erf(v/math.Sqrt2)) / 2
			}
			s.GELU(x, new(Scratch))
			near(t, fmt.Sprint(n, " values"), x, want)
		}
		far := []float32{-1e30, 1e30, -100, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		s.GELU(far, new(Scratch))
		near(t, "far values", far, []float64{0, 1e30, 0, 100, 0})
	})
}

// The values that fill up a row are as low as can be and get nothing.
func TestSoftmax(t *testing.T) {
	each(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range []int{1, 5, s.Columns, s.Columns + 1, 3*s.Columns - 1} {
			x := random(r, (n+s.Columns-1)/s.Columns*s.Columns)
			want := make([]float64, len(x))
			var sum float64
			for i := range x {
				if i >= n {
					x[i] = -math.MaxFloat32
					continue
				}
				x[i] *= 30 // differences of up to 200
				want[i] = float64(x[i])
			}
			most := want[0]
			for _, v := range want[:n] {
				most = max(most, v)
			}
			for i := range n {
				want[i] = math.Exp(want[i] - most)
				sum += want[i]
			}
			for i := range n {
				want[i] /= sum
			}
			s.Softmax(x)
			near(t, fmt.Sprint(n, " values"), x, want)
		}
	})
}

func TestNorm(t *testing.T) {
	each(t, func(t *testing.T, s *Set) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, n := range []int{3, 8, 12, 32, 384} {
			x, add, weight, shift := random(r, n), random(r, n), random(r, n), random(r, n)
			var mean, variance float64
			want := make([]float64, n)
			for i := range x {
				x[i] += 100 // the mean is far from 0
				want[i] = float64(x[i]) + float64(add[i])
				mean += want[i] / float64(n)
			}
			for _, v := range want {
				variance += (v - mean) * (v - mean) / float64(n)
			}
			for i := range want {
				want[i] = (want[i]-mean)/math.Sqrt(variance+1e-5)*float64(weight[i]) + float64(shift[i])
			}
			s.Norm(x, add, weight, shift, 1e-5)
			for i := range want { // x+add is rounded to float32 at 100
				if d := math.Abs(float64(x[i]) - want[i]); !(d <= 4e-5) {
					t.Fatalf("%d values: value %d is %v, want %v", n, i, x[i], want[i])
				}
			}
		}
	})
}

// Nothing is allocated once a Packed and a Scratch are large enough.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	each(t, func(t *testing.T, s *Set) {
		const m, k, n = 13, 40, 70
		w, a, c := make([]float32, n*k), make([]float32, (m+s.Rows)*k), make([]float32, m*n)
		var p Packed
		var scratch Scratch
		run := func() {
			s.Pack(&p, w, k, k, n)
			s.MulAdd(c, n, a, k, m, &p, &scratch)
			s.GELU(c, &scratch)
		}
		run()
		expect.Equal(t, "allocations", testing.AllocsPerRun(10, run), 0.0)
	})
}

// A tile's rows divide the block of rows that the encoder runs at once.
func TestRows(t *testing.T) {
	for _, s := range Sets() {
		if 264%s.Rows != 0 {
			t.Errorf("%s: a tile has %d rows, which do not divide 264", s.Name, s.Rows)
		}
	}
}

// The plain set is always the last one, so that a machine without any other has it.
func TestSets(t *testing.T) {
	sets := Sets()
	expect.Equal(t, "the last set", sets[len(sets)-1].Name, "go")
	t.Logf("this machine runs %d sets, the fastest is %s", len(sets), sets[0].Name)
}

func BenchmarkMulAdd(b *testing.B) {
	for _, s := range Sets() {
		for _, shape := range [][3]int{{240, 384, 1536}, {240, 1536, 384}, {240, 384, 1152}, {240, 384, 384}, {12, 384, 1536}} {
			m, k, n := shape[0], shape[1], shape[2]
			b.Run(fmt.Sprintf("%s/%dx%dx%d", s.Name, m, k, n), func(b *testing.B) {
				var p Packed
				s.Pack(&p, make([]float32, k*n), k, k, n)
				a, c := make([]float32, (m+s.Rows)*k), make([]float32, m*n)
				var t Scratch
				for b.Loop() {
					s.MulAdd(c, n, a, k, m, &p, &t)
				}
				b.ReportMetric(float64(2*m*k*n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
