package floats

import (
	"bytes"
	"math"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// Both ways write and read the same bytes, of every kind of number.
func TestRoundTrip(t *testing.T) {
	v := []float32{0, 1, -1, .1, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1)),
		float32(math.Copysign(0, -1)), math.Float32frombits(0x7fc0_1234)}
	for n := range len(v) + 1 {
		b := Append([]byte("head"), v[:n])
		if want := appendEach([]byte("head"), v[:n]); !bytes.Equal(b, want) {
			t.Errorf("%d numbers: got % x, want % x", n, b, want)
		}
		got, plain := make([]float32, n), make([]float32, n)
		Decode(got, append(b[4:], 9))
		decodeEach(plain, b[4:])
		for i := range got {
			expect.Equal(t, "bits", math.Float32bits(got[i]), math.Float32bits(v[i]))
			expect.Equal(t, "bits read one by one", math.Float32bits(plain[i]), math.Float32bits(v[i]))
		}
	}
	expect.Equal(t, "the bytes of 1", Append(nil, []float32{1}), []byte{0, 0, 0x80, 0x3f})
	expect.Equal(t, "allocations", testing.AllocsPerRun(10, func() { Decode(v, Append(make([]byte, 0, 64), v)) }), 0)
}

// Too few bytes are a mistake of the caller, which reads nothing beyond them.
func TestTooShort(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("got numbers from bytes that are not there")
		}
	}()
	Decode(make([]float32, 2), make([]byte, 7))
}

func BenchmarkAppend(b *testing.B) {
	v, buf := make([]float32, 256), make([]byte, 0, 1024)
	for name, f := range map[string]func([]byte, []float32) []byte{"copied": Append, "one by one": appendEach} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				buf = f(buf[:0], v)
			}
		})
	}
}

func TestNorm(t *testing.T) {
	expect.Equal(t, "the length", Norm([]float32{3, -4, 0}), 5)
	expect.Equal(t, "the length of nothing", Norm(nil), 0)
}
