package embedding

import "math"

// Cosine returns the cosine of the angle between a and b, from -1 to 1. It is 0 if either is a zero
// vector, and NaN if their lengths differ, because vectors of two spaces cannot be compared.
func Cosine(a, b []float32) float32 {
	if len(a) != len(b) {
		return float32(math.NaN())
	}
	var dot, aa, bb float64
	for i, x := range a {
		x, y := float64(x), float64(b[i])
		dot += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return float32(max(-1, min(1, dot/(math.Sqrt(aa)*math.Sqrt(bb)))))
}
