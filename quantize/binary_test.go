package quantize

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestBinary(t *testing.T) {
	b, err := AppendBinary([]byte{9}, []float32{1, 0, -1, .5, float32(math.Copysign(0, -1)), 2, -3, 1e-30, -1, -1, -1, -1, -1, -1, -1, float32(math.Inf(1))})
	if want := []byte{9, 0b10010101, 1}; err != nil || !slices.Equal(b, want) {
		t.Errorf("got %b and the error %v, want %b", b, err, want)
	}
	expect.Equal(t, "the signs", AppendFromBinary(nil, []byte{0b10010101}), []float32{1, -1, -1, 1, -1, 1, -1, 1})
}

func TestBinaryRefuses(t *testing.T) {
	for _, n := range []int{1, 7, 9, 1025} {
		b, err := AppendBinary([]byte{9}, make([]float32, n))
		if err == nil || !strings.Contains(err.Error(), "a multiple of 8") || len(b) != 1 {
			t.Errorf("%d dimensions: got %v and the error %v, want what it was given and an error that names 8", n, b, err)
		}
	}
	v := make([]float32, 16)
	v[9] = float32(math.NaN())
	if b, err := AppendBinary([]byte{9}, v); err == nil || !strings.Contains(err.Error(), "value 9") || len(b) != 1 {
		t.Errorf("NaN: got %v and the error %v, want what it was given and an error for value 9", b, err)
	}
}

func TestHamming(t *testing.T) {
	for n := range 20 {
		a, b, want := make([]byte, n), make([]byte, n), 0
		for i := range a {
			a[i], b[i] = byte(37*i), byte(91*i+5)
			for bit := range 8 {
				want += int((a[i] ^ b[i]) >> bit & 1)
			}
		}
		expect.Equal(t, "bits", Hamming(a, b), want)
		if n == 0 {
			continue
		}
		va, vb := AppendFromBinary(nil, a), AppendFromBinary(nil, b)
		if got, want := 1-2*float64(want)/float64(8*n), float64(embedding.Cosine(va, vb)); math.Abs(got-want) > 1e-6 {
			t.Errorf("%d bytes: got the cosine %g by Hamming, want %g", n, got, want)
		}
		expect.Equal(t, "two lengths", Hamming(a, b[1:]), math.MaxInt)
		expect.Equal(t, "two lengths", Hamming(a[1:], b), math.MaxInt)
	}
}

// Every sign comes back, and a second trip changes nothing.
func FuzzBinary(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		v := floats(data)
		b, err := AppendBinary(nil, v)
		if bad := len(v)%8 != 0 || slices.ContainsFunc(v, func(x float32) bool { return x != x }); bad != (err != nil) {
			t.Fatalf("%d dimensions, %g: got the error %v", len(v), v, err)
		}
		if err != nil {
			return
		}
		back := AppendFromBinary(nil, b)
		expect.Equal(t, "values", len(back), len(v))
		for i, x := range v {
			if (x > 0) != (back[i] == 1) || (x <= 0) != (back[i] == -1) {
				t.Errorf("%g came back as %g", x, back[i])
			}
		}
		if again, err := AppendBinary(nil, back); err != nil || !slices.Equal(again, b) || Hamming(again, b) != 0 {
			t.Errorf("got %v after a second trip (error %v), want %v", again, err, b)
		}
	})
}
