package dialect

import (
	"math"
	"strconv"
)

// appendFloat appends f with as many digits as reading it back needs, as strconv.AppendFloat does
// with the format 'g'. It takes half the time for numbers between 0.0001 and 1, which vectors of
// unit length have, and leaves all others to strconv.
func appendFloat(dst []byte, f float32) []byte {
	bits := math.Float32bits(f)
	x := float64(math.Float32frombits(bits &^ (1 << 31)))
	zeros, scale := 0, 1e9
	switch {
	case !(x >= 1e-4 && x < 1) || bits&(1<<23-1) == 0: // below a power of two, floats are closer
		return strconv.AppendFloat(dst, float64(f), 'g', -1, 32)
	case x >= 1e-1:
	case x >= 1e-2:
		zeros, scale = 1, 1e10
	case x >= 1e-3:
		zeros, scale = 2, 1e11
	default:
		zeros, scale = 3, 1e12
	}
	// y has nine digits before its point, and they read back as f: so does every number that is
	// closer to y than half of the step from f to the next float. The multiplication is off by less
	// than unsure.
	const unsure = 1e-6
	y := x * scale
	half := float64(math.Float32frombits(bits&(0xff<<23))) * scale / (1 << 24)
	n, digits := uint32(math.RoundToEven(y)), 9
	for step := 10.0; digits > 1; step *= 10 {
		m := uint32(math.RoundToEven(y / step))
		off := math.Abs(float64(m)*step - y)
		if off > half+unsure {
			break
		}
		if off > half-unsure {
			return strconv.AppendFloat(dst, float64(f), 'g', -1, 32)
		}
		n = m
		digits--
	}
	if n >= powers[digits] { // the next power of ten
		return strconv.AppendFloat(dst, float64(f), 'g', -1, 32)
	}
	var out [16]byte
	at := len(out)
	for range digits {
		at--
		out[at] = byte('0' + n%10)
		n /= 10
	}
	for range zeros {
		at--
		out[at] = '0'
	}
	at -= 2
	out[at], out[at+1] = '0', '.'
	if bits>>31 == 1 {
		at--
		out[at] = '-'
	}
	return append(dst, out[at:]...)
}

var powers = [...]uint32{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}
