package kernel

import (
	"math"
	"testing"
)

func TestExp(t *testing.T) {
	for x := float32(-87); x < 88; x += 0.01 {
		want := math.Exp(float64(x))
		if got := float64(exp(x)); math.Abs(got-want) > 3e-7*want {
			t.Fatalf("e^%v: got %v, want %v", x, got, want)
		}
	}
	if got := exp(-math.MaxFloat32); got > 2e-38 {
		t.Errorf("e^-MaxFloat32: got %v, want next to nothing", got)
	}
}
