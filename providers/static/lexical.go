package static

import (
	"math"
	"slices"
)

// Two texts with a rare word in common are near each other in the lexical dimensions, however
// little the table knows of the word. Each row has a vector of 1 and -1 that is computed from its
// number, so nothing is stored but its weight: a text is the sum of its rows' vectors, by the
// inverse document frequency of each and the square root of how often it occurs.
//
// lexicalShare is the square of the length of these dimensions when the others have length 1. It
// was chosen on development sets.
const lexicalShare = .3

// join makes one unit vector of two: v[:dimensions], of unit length, and the lexical dimensions
// behind it, which it sums from rows. It sorts rows.
func (t *table) join(v []float32, dimensions int, rows []int) {
	part := v[dimensions:]
	t.lexical(part, rows)
	if !normalize(part) {
		return // marks alone, which weigh nothing
	}
	whole := 1 / math.Sqrt(1+lexicalShare)
	for i := range v[:dimensions] {
		v[i] *= float32(whole)
	}
	for i := range part {
		part[i] *= float32(whole * math.Sqrt(lexicalShare))
	}
}

// lexical writes the weighted sum of the vectors of rows into v; len(v) must be a multiple of 64
// and at most widest. Like sum, it adds integers, two dimensions in each 64-bit word.
func (t *table) lexical(v []float32, rows []int) {
	const (
		lanes = 0x0000000100000001
		// A byte times the root of a count below 2^20 times 16 is below 2^22, so that fullest of them
		// fit a 32-bit lane.
		unit, heaviest = 16, 1 << 22
	)
	clear(v)
	slices.Sort(rows)
	var acc [widest / 64][32]uint64
	words := acc[:len(v)/64]
	for len(rows) > 0 {
		clear(words)
		total := uint64(0)
		for n := 0; n < fullest && len(rows) > 0; n++ {
			row, count := rows[0], 1
			for count < len(rows) && rows[count] == row {
				count++
			}
			rows = rows[count:]
			w := min(heaviest, uint64(float64(t.idf[row])*math.Sqrt(float64(count))*unit+.5))
			if w == 0 {
				continue
			}
			total += w
			for k := range words {
				x, sum := signs(row, k), &words[k]
				for j := range sum {
					sum[j] += x >> j & lanes * w
				}
			}
		}
		for k := range words {
			out := v[64*k : 64*k+64]
			for j, sum := range words[k] {
				out[j] += float32(2*int64(uint32(sum)) - int64(total))
				out[j+32] += float32(2*int64(sum>>32) - int64(total))
			}
		}
	}
}

// signs returns the signs of 64 dimensions of a row's vector, a bit each: 1 is positive.
func signs(row, k int) uint64 {
	return splitmix((uint64(row)*(widest/64) + uint64(k) + 1) * golden)
}
