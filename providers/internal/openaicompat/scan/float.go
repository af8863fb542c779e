package scan

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// window is how many bytes plain looks at for one number: a space, a sign, and the longest number it reads.
const window = 2 + longest

// longest is a digit, a point, 24 digits and what follows them, rounded up.
const longest = 32

// plain takes numbers of the form that servers print, each with the comma behind it, and returns how many it put into
// row. It stops in front of the first number that it leaves to others: one in another form, one that is not followed by a
// comma, one whose rounding needs more than 64 bits, or one too near to the end of what has been read.
//
// A number is taken apart as m / 10^k with m < 2^63. float64(m) times the nearest float64 to 10^-k is off by less than
// three units in the last place: half a one from each of the two, half a one from the product, each of them up to doubled
// by where the result lies in its binade. Rounding it to float32 is right unless a midpoint between two float32 lies in
// that distance, so numbers within 8 units of one are left to strconv. Nothing here is denormal or out of range, as
// 10^-24 <= m/10^k < 10 unless m is 0.
func (s *scanner) plain(row []float32) int {
	b := s.buf[s.at:s.end]
	n, i := 0, 0
	for ; n < len(row) && i+window <= len(b); n++ {
		j := i
		if b[j] == ' ' { // as Python writes lists
			j++
		}
		var sign uint64
		if b[j] == '-' {
			sign = 1
		}
		j += int(sign)
		w := (*[longest]byte)(b[j:])
		lead := uint64(w[0] - '0')
		if lead > 9 || w[1] != '.' {
			break
		}
		d1 := binary.LittleEndian.Uint64(w[2:]) ^ zeros
		d2 := binary.LittleEndian.Uint64(w[10:]) ^ zeros
		var m uint64
		var k int
		if no1 := notDigits(d1); no1 != 0 {
			k = bits.TrailingZeros64(no1) / 8
			if k == 0 {
				break
			}
			m = lead*tens[k] + eight(d1<<(64-8*k))
		} else if no2 := notDigits(d2); no2 != 0 {
			k = bits.TrailingZeros64(no2) / 8
			m = (lead*1e8+eight(d1))*tens[k] + eight(d2<<(64-8*k))
			k += 8
		} else {
			d3 := binary.LittleEndian.Uint64(w[18:]) ^ zeros
			k = bits.TrailingZeros64(notDigits(d3)) / 8
			m = (lead*1e8+eight(d1))*1e8 + eight(d2)
			if m >= mostBefore[k] {
				break
			}
			m = m*tens[k] + eight(d3<<(64-8*k))
			k += 16
		}
		if w[2+k] != ',' {
			break
		}
		v := math.Float64bits(float64(int64(m)) * tenths[k])
		if v&(1<<29-1)-(1<<28-8) <= 16 {
			break
		}
		row[n] = float32(math.Float64frombits(v | sign<<63))
		i = j + 3 + k
	}
	s.at += i
	return n
}

const zeros = 0x3030303030303030 // eight digits 0

// notDigits sets the high bit of the lowest lane of d that is no digit, and leaves those below it 0. Lanes hold digits
// from which '0' was taken by an exclusive or; a lane above a wrong one may be wrong itself, for the carry.
func notDigits(d uint64) uint64 { return (d + 0x7676767676767676 | d) & 0x8080808080808080 }

// eight returns the number that eight digits make, the first in the lowest lane.
func eight(d uint64) uint64 {
	d = d*10 + d>>8
	return (d&0x000000ff000000ff*(100+1000000<<32) + d>>16&0x000000ff000000ff*(1+10000<<32)) >> 32
}

var tens = [9]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}

// mostBefore[k] is above every m that k more digits keep below 2^63.
var mostBefore = [9]uint64{
	1 << 63, 1<<63/10 - 1, 1<<63/100 - 1, 1<<63/1000 - 1, 1<<63/10_000 - 1,
	1<<63/100_000 - 1, 1<<63/1_000_000 - 1, 1<<63/10_000_000 - 1, 1<<63/100_000_000 - 1,
}

var tenths = [25]float64{
	1e-0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12,
	1e-13, 1e-14, 1e-15, 1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-21, 1e-22, 1e-23, 1e-24,
}
