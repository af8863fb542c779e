package quantize

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// Every float16 is its own nearest, and what lies between two goes to the nearer, or to the even.
func TestFloat16(t *testing.T) {
	value := func(h uint16) float64 {
		exp, frac := int(h>>10&31), float64(h&0x3ff)
		if exp == 0 {
			return math.Ldexp(frac, -24)
		}
		return math.Ldexp(1024+frac, exp-25)
	}
	for h := range uint16(0x7bff) {
		a, b := value(h), value(h+1)
		if got := FromFloat16(h); float64(got) != a || FromFloat16(h|0x8000) != -got {
			t.Fatalf("got %g and %g for %#x and its negative, want %g", got, FromFloat16(h|0x8000), h, a)
		}
		middle := float32((a + b) / 2)
		even := h + h&1
		for x, want := range map[float32]uint16{float32(a): h, middle: even, math.Nextafter32(middle, 0): h, math.Nextafter32(middle, 1e9): h + 1} {
			if got := Float16(x); got != want || Float16(-x) != want|0x8000 {
				t.Fatalf("got %#x for %g and %#x for %g, want %#x and its negative", got, x, Float16(-x), -x, want)
			}
		}
	}
	for x, want := range map[float32]uint16{65519.99: 0x7bff, 65520: 0x7c00, float32(math.Inf(1)): 0x7c00, 1e-9: 0} {
		expect.Equal(t, fmt.Sprint(x), Float16(x), want)
	}
	expect.Equal(t, "NaN", Float16(float32(math.NaN())), 0x7e00)
}

// Zero keeps its sign, and what is no finite number stays what it is.
func TestFromFloat16(t *testing.T) {
	for h, want := range map[uint16]float64{0x7bff: 65504, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1), 0x8000: math.Copysign(0, -1)} {
		if got := float64(FromFloat16(h)); got != want || math.Signbit(got) != math.Signbit(want) {
			t.Errorf("got %g for %#x, want %g", got, h, want)
		}
	}
	for _, h := range []uint16{0x7e00, 0x7c01, 0xffff} {
		if got := FromFloat16(h); got == got {
			t.Errorf("got %g for %#x, want NaN", got, h)
		}
	}
}

func TestFloat16Refuses(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), -65520} {
		h, err := AppendFloat16([]uint16{9}, []float32{1, float32(x)})
		if err == nil || !strings.Contains(err.Error(), "value 1") || len(h) != 1 {
			t.Errorf("%g: got %v and the error %v, want what it was given and an error for value 1", x, h, err)
		}
	}
}

// Every value comes back within half a step, and a second trip changes nothing.
func FuzzFloat16(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		v := floats(data)
		h, err := AppendFloat16(nil, v)
		if bad := slices.ContainsFunc(v, func(x float32) bool { return !(x > -65520 && x < 65520) }); bad != (err != nil) {
			t.Fatalf("%g: got the error %v", v, err)
		}
		if err != nil {
			return
		}
		back := AppendFromFloat16(nil, h)
		expect.Equal(t, "values", len(back), len(v))
		for i, x := range v {
			off, bound := math.Abs(float64(back[i])-float64(x)), max(math.Abs(float64(x))/2048, math.Ldexp(1, -25))
			if !(off <= bound) {
				t.Errorf("%g came back as %g, off by %g, want %g at most", x, back[i], off, bound)
			}
		}
		if again, err := AppendFloat16(nil, back); err != nil || !slices.Equal(again, h) {
			t.Errorf("got %v after a second trip (error %v), want %v", again, err, h)
		}
	})
}
