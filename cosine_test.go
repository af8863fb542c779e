package embedding

import (
	"math"
	"testing"
)

func TestCosine(t *testing.T) {
	for _, c := range []struct {
		a, b []float32
		want float32
	}{
		{[]float32{1, 0}, []float32{2, 0}, 1}, {[]float32{1, 0}, []float32{0, 3}, 0}, {[]float32{1, 1}, []float32{-1, -1}, -1},
		{[]float32{0, 0}, []float32{1, 1}, 0}, {nil, nil, 0}, {[]float32{1e30, 1e30}, []float32{1e30, 1e30}, 1},
	} {
		if got := Cosine(c.a, c.b); math.Abs(float64(got-c.want)) > 1e-6 {
			t.Errorf("Cosine(%v, %v) = %v", c.a, c.b, got)
		}
	}
	if got := Cosine([]float32{1}, []float32{1, 2}); got == got {
		t.Errorf("two spaces have the cosine %v", got)
	}
}
