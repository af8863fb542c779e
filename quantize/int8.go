package quantize

import (
	"fmt"
	"math"
	"slices"
)

// AppendInt8 appends v to dst with one byte per dimension, from -127 to 127. A byte times scale is
// about the value: it is off by half of scale at most. The largest absolute value of v is 127 times
// scale, and a zero vector has the scale 0. A value that is not finite is an error.
func AppendInt8(dst []int8, v []float32) (out []int8, scale float32, err error) {
	largest := float32(0)
	for i, x := range v {
		if x-x != 0 { // infinite, or not a number
			return dst, 0, fmt.Errorf("quantize: value %d of the vector is %g; int8 takes finite values", i, x)
		}
		largest = max(largest, x, -x)
	}
	if largest == 0 {
		return append(dst, make([]int8, len(v))...), 0, nil
	}
	dst = slices.Grow(dst, len(v))
	for _, x := range v {
		dst = append(dst, int8(math.Round(float64(x/largest*127))))
	}
	scale = largest / 127
	if math.IsInf(float64(scale*127), 0) { // the largest float32 rounds up
		scale = math.Nextafter32(scale, 0)
	}
	return dst, scale, nil
}

// AppendFromInt8 appends the values that the bytes of v and their scale stand for.
func AppendFromInt8(dst []float32, v []int8, scale float32) []float32 {
	dst = slices.Grow(dst, len(v))
	for _, x := range v {
		dst = append(dst, float32(x)*scale)
	}
	return dst
}

// DotInt8 returns the sum of the products of the bytes of a and b, exactly. Times both scales it is
// about the dot product of the original vectors. It is NaN if the lengths differ, because vectors
// of two spaces cannot be compared.
func DotInt8(a, b []int8) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	sum := int64(0)
	for i, x := range a {
		sum += int64(x) * int64(b[i])
	}
	return float64(sum)
}

// CosineInt8 returns the cosine of the angle between a and b, from -1 to 1. It needs no scale. It
// is 0 if either is a zero vector, and NaN if the lengths differ.
func CosineInt8(a, b []int8) float32 {
	if len(a) != len(b) {
		return float32(math.NaN())
	}
	var ab, aa, bb int64
	for i, x := range a {
		x, y := int64(x), int64(b[i])
		ab += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return float32(max(-1, min(1, float64(ab)/(math.Sqrt(float64(aa))*math.Sqrt(float64(bb))))))
}

// DotQuery returns the sum of the products of query, in float32, and the bytes of v. Times the
// scale of v it is about the dot product of the original vectors. It is NaN if the lengths differ.
func DotQuery(query []float32, v []int8) float32 {
	if len(query) != len(v) {
		return float32(math.NaN())
	}
	v = v[:len(query)]
	var even, odd float32 // two sums, because one would wait for itself
	for i := 0; i+1 < len(query); i += 2 {
		even += query[i] * float32(v[i])
		odd += query[i+1] * float32(v[i+1])
	}
	if last := len(query) - 1; last >= 0 && last%2 == 0 {
		even += query[last] * float32(v[last])
	}
	return even + odd
}
