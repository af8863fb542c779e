package quantize

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// AppendBinary appends v to dst with one bit per dimension: 1 if the value is above 0. The first
// value is the highest bit of the first byte. A length that is not a multiple of 8 is an error,
// because the bytes would not say where the vector ends, and so is NaN.
func AppendBinary(dst []byte, v []float32) ([]byte, error) {
	if len(v)%8 != 0 {
		return dst, fmt.Errorf("quantize: binary takes a multiple of 8 dimensions, not %d: cut the vector to %d", len(v), len(v)&^7)
	}
	out := slices.Grow(dst, len(v)/8)
	for i := 0; i < len(v); i += 8 {
		var b byte
		for j, x := range v[i : i+8] {
			if x > 0 {
				b |= 0x80 >> j
			} else if x != x {
				return dst, fmt.Errorf("quantize: value %d of the vector is NaN, which has no sign", i+j)
			}
		}
		out = append(out, b)
	}
	return out, nil
}

// AppendFromBinary appends 1 for each bit of v that is set and -1 for each that is not, eight for a
// byte.
func AppendFromBinary(dst []float32, v []byte) []float32 {
	dst = slices.Grow(dst, 8*len(v))
	for _, b := range v {
		for range 8 {
			dst = append(dst, float32(b>>7)*2-1)
			b <<= 1
		}
	}
	return dst
}

// Hamming returns the number of bits in which a and b differ. In vectors of n bits, 1 - 2*Hamming/n
// is the cosine of what [AppendFromBinary] returns for both. It is [math.MaxInt], farther than any,
// if the lengths differ, because vectors of two spaces cannot be compared.
func Hamming(a, b []byte) int {
	if len(a) != len(b) {
		return math.MaxInt
	}
	n := 0
	for len(a) >= 8 && len(b) >= 8 {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(a) ^ binary.LittleEndian.Uint64(b))
		a, b = a[8:], b[8:]
	}
	for i, x := range a {
		n += bits.OnesCount8(x ^ b[i])
	}
	return n
}
