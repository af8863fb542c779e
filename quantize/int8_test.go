package quantize

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// floats reads numbers of four bytes.
func floats(data []byte) (v []float32) {
	for ; len(data) >= 4; data = data[4:] {
		v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(data)))
	}
	return v
}

// seeds are vectors with corners, as a fuzz test takes them.
func seeds(f *testing.F) {
	inf := float32(math.Inf(1))
	for _, v := range [][]float32{
		nil, {0, 0}, {1, -2.5, .3}, {math.MaxFloat32, -math.MaxFloat32, 1}, {math.SmallestNonzeroFloat32, 0, 1e-44},
		{inf}, {float32(math.NaN()), 1}, {65504, 65519, 65520}, {1, -1, 0, 2, -2, 1e-8, 6e-8, -6.1e-5},
	} {
		var data []byte
		for _, x := range v {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
		f.Add(data)
	}
}

func finite(x float32) bool { return x-x == 0 }

func TestInt8(t *testing.T) {
	q, scale, err := AppendInt8([]int8{9}, []float32{1, -.5, .25, 0})
	expect.NoError(t, err)
	expect.Equal(t, "scale", scale, float32(1)/127)
	expect.Equal(t, "the bytes", q, []int8{9, 127, -64, 32, 0})
	q, scale, err = AppendInt8(nil, make([]float32, 3))
	if err != nil || scale != 0 || !slices.Equal(q, make([]int8, 3)) {
		t.Errorf("a zero vector: got %v, the scale %g and the error %v, want zeros", q, scale, err)
	}
}

func TestInt8Refuses(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		q, _, err := AppendInt8([]int8{9}, []float32{1, float32(x)})
		if err == nil || !strings.Contains(err.Error(), "value 1") || len(q) != 1 {
			t.Errorf("%g: got %v and the error %v, want what it was given and an error for value 1", x, q, err)
		}
	}
}

// The distances of bytes are about the ones of the vectors.
func TestInt8Distances(t *testing.T) {
	a, b := []float32{1, -.5, .25, .1, .7}, []float32{-3, 2, .5, 0, 1}
	qa, sa, err := AppendInt8(nil, a)
	expect.NoError(t, err)
	qb, sb, err := AppendInt8(nil, b)
	expect.NoError(t, err)
	want := 0.0
	for i, x := range a {
		want += float64(x) * float64(b[i])
	}
	for name, got := range map[string]float64{
		"DotInt8":    DotInt8(qa, qb) * float64(sa) * float64(sb),
		"DotQuery":   float64(DotQuery(a, qb) * sb),
		"CosineInt8": float64(CosineInt8(qa, qb)) * want / float64(embedding.Cosine(a, b)),
	} {
		if math.Abs(got-want) > .05 {
			t.Errorf("%s: got %g, want about %g", name, got, want)
		}
	}
	expect.Equal(t, "the cosine with itself", CosineInt8(qa, qa), 1)
	expect.Equal(t, "the cosine with zero", CosineInt8(qa, make([]int8, 5)), 0)
	for n := range 6 { // an odd length has a value after the last pair
		expect.Equal(t, "products", float64(DotQuery([]float32{1, 2, 3, 4, 5}[:n], []int8{5, 4, 3, 2, 1}[:n])), []float64{0, 5, 13, 22, 30, 35}[n])
	}
}

func TestInt8OfTwoLengths(t *testing.T) {
	a, b := []int8{1, 2}, []int8{1}
	for name, got := range map[string]float64{
		"DotInt8": DotInt8(a, b), "CosineInt8": float64(CosineInt8(a, b)), "with zero": float64(CosineInt8([]int8{0, 0}, b)),
		"with nothing": float64(CosineInt8(nil, b)), "DotQuery": float64(DotQuery([]float32{1, 2}, b)),
	} {
		if !math.IsNaN(got) {
			t.Errorf("%s: got %g, want NaN", name, got)
		}
	}
}

// Every value comes back within half of the scale, and none is infinite.
func FuzzInt8(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		v := floats(data)
		q, scale, err := AppendInt8(nil, v)
		if bad := slices.ContainsFunc(v, func(x float32) bool { return !finite(x) }); bad != (err != nil) {
			t.Fatalf("%g: got the error %v", v, err)
		}
		if err != nil {
			return
		}
		largest := float32(0)
		for _, x := range v {
			largest = max(largest, x, -x)
		}
		back := AppendFromInt8(nil, q, scale)
		expect.Equal(t, "values", len(back), len(v))
		// The last term is the rounding of a scale that is itself too small for a normal number.
		bound := float64(largest)/254*1.0001 + 128*math.SmallestNonzeroFloat32
		for i, x := range v {
			if off := math.Abs(float64(back[i]) - float64(x)); !(off <= bound) {
				t.Errorf("%g of %g came back as %g, off by %g, want %g at most", x, v, back[i], off, bound)
			}
		}
	})
}

// A slice with room is not allocated anew.
func TestAppendAllocatesNothing(t *testing.T) {
	v := []float32{1, -1, .5, 2, 0, 3, -4, .25}
	bytes, halves, bits, back := make([]int8, 0, 8), make([]uint16, 0, 8), make([]byte, 0, 1), make([]float32, 0, 8)
	got := testing.AllocsPerRun(100, func() {
		q, scale, _ := AppendInt8(bytes, v)
		h, _ := AppendFloat16(halves, v)
		b, _ := AppendBinary(bits, v)
		AppendFromInt8(back, q, scale)
		AppendFromFloat16(back, h)
		AppendFromBinary(back, b)
	})
	expect.Equal(t, "allocations", got, 0)
}

// made is a vector of 1,024 dimensions.
func made() []float32 {
	v := make([]float32, 1024)
	for i := range v {
		v[i] = float32(math.Sin(float64(i)))
	}
	return v
}

func BenchmarkQuantize(b *testing.B) {
	v := made()
	bytes, halves, bits, back := make([]int8, 0, 1024), make([]uint16, 0, 1024), make([]byte, 0, 128), make([]float32, 0, 1024)
	q, scale, _ := AppendInt8(nil, v)
	h, _ := AppendFloat16(nil, v)
	s, _ := AppendBinary(nil, v)
	for name, run := range map[string]func(){
		"int8":         func() { _, _, _ = AppendInt8(bytes, v) },
		"float16":      func() { _, _ = AppendFloat16(halves, v) },
		"binary":       func() { _, _ = AppendBinary(bits, v) },
		"from int8":    func() { AppendFromInt8(back, q, scale) },
		"from float16": func() { AppendFromFloat16(back, h) },
		"from binary":  func() { AppendFromBinary(back, s) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}

// BenchmarkDistance compares two vectors of 1,024 dimensions.
func BenchmarkDistance(b *testing.B) {
	v := made()
	q, _, _ := AppendInt8(nil, v)
	s, _ := AppendBinary(nil, v)
	for name, run := range map[string]func(){
		"float32 cosine": func() { embedding.Cosine(v, v) },
		"DotInt8":        func() { DotInt8(q, q) },
		"CosineInt8":     func() { CosineInt8(q, q) },
		"DotQuery":       func() { DotQuery(v, q) },
		"Hamming":        func() { Hamming(s, s) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				run()
			}
		})
	}
}
