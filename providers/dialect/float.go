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
	// closer to y than half of the step from f to the next float. Multiplications are off by less than
	// unsure.
	const unsure = 1e-6
	y := x * scale
	half := float64(math.Float32frombits(bits&(0xff<<23))) * scale / (1 << 24)
	n, digits := uint32(whole(y)), 9
	for i, tenth := range tenths {
		z := y * tenth
		m := whole(z)
		off := math.Abs(m*tens[i] - y)
		if off > half+unsure {
			break
		}
		if off > half-unsure || math.Abs(z-m) > 0.5-unsure { // hardly ever
			return strconv.AppendFloat(dst, float64(f), 'g', -1, 32)
		}
		n = uint32(m)
		digits--
	}
	if n >= powers[digits] { // the next power of ten
		return strconv.AppendFloat(dst, float64(f), 'g', -1, 32)
	}
	if bits>>31 == 1 {
		dst = append(dst, '-')
	}
	dst = append(dst, "0.000"[:2+zeros]...)
	at := len(dst) + digits
	dst = append(dst, "000000000"[:digits]...)
	for ; digits >= 2; digits -= 2 {
		pair := n % 100 * 2
		n /= 100
		at -= 2
		dst[at], dst[at+1] = pairs[pair], pairs[pair+1]
	}
	if digits == 1 {
		dst[at-1] = byte('0' + n)
	}
	return dst
}

// whole rounds to the nearest whole number, ties to even: there are no halves above 2^52.
func whole(x float64) float64 { return x + 1<<52 - 1<<52 }

var (
	tens   = [...]float64{1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}
	tenths = [...]float64{1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8}
	powers = [...]uint32{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}
	pairs  = func() (out [200]byte) {
		for i := range 100 {
			out[2*i], out[2*i+1] = byte('0'+i/10), byte('0'+i%10)
		}
		return out
	}()
)
