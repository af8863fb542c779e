package emulator

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"sync"
)

// A model's vector of a text is the base embedder's vector, transformed and extended to the
// requested dimensions:
//
//   - Block 0 is the base vector with the signs of its coordinates flipped in a pattern of the
//     model. All cosines stay the same, also those of prefixes. Vectors of two models are
//     unrelated.
//   - Each further block is a seeded orthogonal map of the whole base vector (signs flipped, then a
//     Walsh-Hadamard transform) with half the energy of the block before. So after each full block
//     cosines are exactly the base vectors', and block 0 has more than half the energy.
//
// A vector of n dimensions is the first n coordinates, normalized. So a long vector that is cut to
// n and normalized is the vector of n dimensions, as in Matryoshka models.
type space struct {
	seed uint64
	mu   sync.Mutex
	sign map[string][][]float32 // by model, one pattern per block
}

// signs returns at least blocks patterns of the model, each of the given size.
func (s *space) signs(model string, blocks, size int) [][]float32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sign == nil {
		s.sign = map[string][][]float32{}
	}
	have := s.sign[model]
	for b := len(have); b < blocks; b++ {
		have = append(have, pattern(seeded(s.seed, "signs", model, strconv.Itoa(b)), size))
	}
	s.sign[model] = have
	return have[:blocks:blocks]
}

func pattern(r *rand.Rand, n int) []float32 {
	p := make([]float32, n)
	for i := range p {
		p[i] = 1 - 2*float32(r.Uint64()>>63)
	}
	return p
}

// vector returns base's vector in the model's space: n dimensions, unit length.
func (s *space) vector(model string, base []float32, n int) []float32 {
	size := 1 << bits.Len(uint(len(base)-1)) // the transform needs a power of two
	blocks := 1
	if n > len(base) {
		blocks += (n - len(base) + size - 1) / size
	}
	out := make([]float32, len(base)+(blocks-1)*size)
	energy := 1.0
	for b, signs := range s.signs(model, blocks, size) {
		block := out[:len(base)]
		if b > 0 {
			at := len(base) + (b-1)*size
			block = out[at : at+size]
		}
		for i, x := range base {
			block[i] = x * signs[i]
		}
		if b > 0 {
			energy /= 2
			hadamard(block, float32(math.Sqrt(energy/float64(size))))
		}
	}
	return unit(out[:n:n])
}

// lean moves a base vector slightly in the direction of a role; "" moves nothing. So the vectors of
// a text in two roles differ but stay close. The result does not have exactly unit length.
func (s *space) lean(role string, base []float32) []float32 {
	if role == "" {
		return base
	}
	step := float32(leaning / math.Sqrt(float64(len(base))))
	out := make([]float32, len(base))
	for i, sign := range s.signs("role\x00"+role, 1, len(base))[0] {
		out[i] = base[i] + step*sign
	}
	return out
}

// leaning is how far a role moves a vector of length 1.
const leaning = 0.1

// hadamard applies the Walsh-Hadamard transform in place and multiplies by scale. len(v) must be a
// power of two.
func hadamard(v []float32, scale float32) {
	for half := 1; half < len(v); half *= 2 {
		for at := 0; at < len(v); at += 2 * half {
			low, high := v[at:at+half], v[at+half:at+2*half]
			for i, a := range low {
				b := high[i]
				low[i], high[i] = a+b, a-b
			}
		}
	}
	for i := range v {
		v[i] *= scale
	}
}

// unit normalizes v in place. A zero vector, which no model returns, stays.
func unit(v []float32) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return v
	}
	scale := 1 / math.Sqrt(sum)
	for i, x := range v {
		v[i] = float32(float64(x) * scale)
	}
	return v
}
