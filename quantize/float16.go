package quantize

import (
	"fmt"
	"math"
	"slices"
)

// AppendFloat16 appends v to dst as IEEE 754 half-precision numbers, each the nearest to its value.
// From 2^-14 on, a value is off by 1/2048 of itself at most, and below by 2^-25. A value that is
// not finite, or rounds to more than 65504, is an error.
func AppendFloat16(dst []uint16, v []float32) ([]uint16, error) {
	out := slices.Grow(dst, len(v))
	for i, x := range v {
		h := Float16(x)
		if h&0x7c00 == 0x7c00 {
			return dst, fmt.Errorf("quantize: value %d of the vector is %g; float16 takes -65504 to 65504", i, x)
		}
		out = append(out, h)
	}
	return out, nil
}

// AppendFromFloat16 appends the values of v, which float32 holds exactly.
func AppendFromFloat16(dst []float32, v []uint16) []float32 {
	dst = slices.Grow(dst, len(v))
	for _, h := range v {
		dst = append(dst, FromFloat16(h))
	}
	return dst
}

// Float16 returns the bits of the half-precision number nearest to x, ties to even. What is too
// large becomes infinite.
func Float16(x float32) uint16 {
	bits := math.Float32bits(x)
	sign := uint16(bits >> 16 & 0x8000)
	switch a := math.Float32frombits(bits &^ (1 << 31)); {
	case a != a:
		return sign | 0x7e00
	case a >= 65520: // half way to the number after the largest one
		return sign | 0x7c00
	case a < 1.0/(1<<14): // subnormal: a multiple of 2^-24, so adding .5 rounds it to one
		return sign | uint16(math.Float32bits(a+.5)-math.Float32bits(.5))
	default:
		bits = math.Float32bits(a)
		bits += 0xfff + bits>>13&1 // rounds; a carry moves into the exponent, as it should
		return sign | uint16(bits>>13-(127-15)<<10)
	}
}

// FromFloat16 returns the value of a half-precision number, given by its bits.
func FromFloat16(h uint16) float32 {
	sign, bits := uint32(h&0x8000)<<16, uint32(h&0x7fff)<<13
	if h&0x7c00 == 0x7c00 { // infinite, or not a number
		return math.Float32frombits(sign | 0xff<<23 | bits)
	}
	x := math.Float32frombits(bits) * (1 << 112) // moves the exponent, and normalizes a subnormal
	return math.Float32frombits(sign | math.Float32bits(x))
}
