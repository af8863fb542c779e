package dialect

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// Every float is printed as strconv does.
func TestAppendFloat(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	check := func(f float32) {
		t.Helper()
		got, want := string(appendFloat(nil, f)), strconv.FormatFloat(float64(f), 'g', -1, 32)
		if got != want {
			t.Fatalf("%#08x: got %s, want %s", math.Float32bits(f), got, want)
		}
	}
	for _, f := range []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.1, 0.01, 0.001, 0.0001, 0.5, 0.25, 0.99999994, 0.9999999, 0.09999999, 0.0099999998,
		0.00099999993, 1e-4, 9.999999e-5, 0.3, -0.7, 0.12345678, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1)), float32(math.NaN())} {
		check(f)
	}
	for range 2_000_000 {
		check(math.Float32frombits(r.Uint32()))                         // any
		check(float32(r.NormFloat64()) / 32)                            // of a unit vector
		check(math.Float32frombits(0x38d00000 + r.Uint32N(0x07000000))) // 0.0001 to 2
	}
	for i := range uint32(10_000) { // few digits, and their neighbors
		f := float32(i) / 10_000
		check(f)
		check(math.Nextafter32(f, 2))
		check(math.Nextafter32(f, -2))
	}
}

func BenchmarkAppendNumbers(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]float32, 1024)
	for i := range v {
		v[i] = float32(r.NormFloat64()) / 32
	}
	var dst []byte
	for name, bits := range map[string]int{"float32": 32, "strconv": 64} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if bits == 32 {
					dst = AppendNumbers(dst[:0], v, 32)
					continue
				}
				dst = dst[:0]
				for _, f := range v {
					dst = append(strconv.AppendFloat(dst, float64(f), 'g', -1, 32), ',')
				}
			}
		})
	}
}
