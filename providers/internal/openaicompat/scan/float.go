package scan

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// window is the number of bytes that plain looks at for one number: a space, a sign, the longest
// number and its comma.
const window = 2 + longest

// longest is a digit, a point and 24 places.
const longest = 26

// plain takes numbers in the form that servers print, each with the comma behind it, and returns
// how many it put into row. It stops before the first number that it leaves to others: a number in
// another form, with fewer than 6 or more than 21 places, or without a comma; a number that needs
// more than 16 places for rounding; and a number too near to the end of the buffer.
//
// It reads only 16 places of a number. Let m be the whole number made of the digit before the point
// and these places. Then the number lies between m / 10^16 and (m+1) / 10^16. In float64 each end
// is off by less than 2^-51 of itself: half a unit in the last place for m, for the factor and for
// the product. The factors are moved apart by 2^-50, so the number lies between the computed ends.
// Rounding to float32 keeps order, so if both ends round to the same float32, the number does too.
// That is nearly always the case.
//
// Nothing branches on the number of places, and the search for the next number does not wait for
// the digits of this one.
func (s *scanner) plain(row []float32) int {
	b := s.buf[s.at:s.end]
	n, i := 0, 0
	for ; n < len(row) && i <= len(b)-window; n++ {
		j := i
		if b[j] == ' ' { // as Python writes lists
			j++
		}
		var sign int
		if b[j] == '-' {
			sign = 1
		}
		j += sign
		w := (*[longest]byte)(b[j:])
		k := 6
		comma := commaIn(binary.LittleEndian.Uint64(w[8:]))
		if comma == 0 {
			if comma = commaIn(binary.LittleEndian.Uint64(w[16:])); comma == 0 {
				break
			}
			k = 14
		}
		k += bits.TrailingZeros64(comma) / 8 // places: 6 to 21
		mask := &places[k&31]
		lead := uint64(w[0] - '0')
		d1 := (binary.LittleEndian.Uint64(w[2:]) ^ zeros) & mask[0]
		d2 := (binary.LittleEndian.Uint64(w[10:]) ^ zeros) & mask[1]
		d3 := (binary.LittleEndian.Uint64(w[18:]) ^ zeros) & mask[2]
		if lead > 9 || w[1] != '.' || notDigits(d1, d2, d3) {
			break
		}
		m := int64((lead*1e8+eight(d1))*1e8 + eight(d2))
		low, high := float32(float64(m)*justBelow), float32(float64(m+1)*justAbove)
		if low != high {
			break
		}
		row[n] = math.Float32frombits(math.Float32bits(low) | uint32(sign)<<31)
		i = j + k + 3
	}
	s.at += i
	return n
}

const (
	justBelow = 1e-16 * (1 - 1.0/(1<<50))
	justAbove = 1e-16 * (1 + 1.0/(1<<50))
)

// commaIn sets the high bit of the lowest lane with a comma and clears the lanes below it. Lanes
// above it may be wrong.
func commaIn(w uint64) uint64 {
	w ^= 0x2c2c2c2c2c2c2c2c
	return (w - 0x0101010101010101) &^ w & 0x8080808080808080
}

// places[k] are masks of the first k bytes of 24.
var places = func() (masks [32][3]uint64) {
	for k := range masks {
		for place := range min(k, 24) {
			masks[k][place/8] |= 0xff << (8 * (place % 8))
		}
	}
	return masks
}()

const zeros = 0x3030303030303030 // eight digits 0

// notDigits reports whether a lane of the three words holds no digit. Lanes are bytes XOR '0'.
func notDigits(d1, d2, d3 uint64) bool {
	// A digit plus a lane of most stays below 0x80. A lane that carries has its own high bit set.
	const most = 0x7676767676767676
	return (d1|d2|d3|(d1+most)|(d2+most)|(d3+most))&0x8080808080808080 != 0
}

// eight returns the number that eight digits make. The first digit is in the lowest lane.
func eight(d uint64) uint64 {
	d = d*10 + d>>8
	return (d&0x000000ff000000ff*(100+1000000<<32) + d>>16&0x000000ff000000ff*(1+10000<<32)) >> 32
}
