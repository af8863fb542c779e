package emulator

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"sync"
)

// A model's vector of a text is the base embedder's, turned and drawn out to the dimensions asked
// for:
//
//   - Block 0 is the base vector with the signs of its coordinates flipped by a pattern of the
//     model's own. Cosines stay what they are, also of every prefix; vectors of two models have
//     nothing to do with each other.
//   - Each further block is a seeded orthogonal map of the whole base vector (signs flipped, then
//     a Walsh-Hadamard transform), with half the energy of the block before it. So at every full
//     block cosines are exactly the base vector's, and more than half the energy is in block 0.
//
// A vector of n dimensions is the first n coordinates, at unit length. So a long vector cut to n
// and brought to unit length is the vector of n dimensions, as Matryoshka models have it.
type space struct {
	seed uint64
	mu   sync.Mutex
	sign map[string][][]float32 // by model: a pattern per block
}

// signs returns the model's patterns for at least so many blocks of a size.
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

// vector returns base's vector in the model's space, in n dimensions at unit length.
func (s *space) vector(model string, base []float32, n int) []float32 {
	size := 1 << bits.Len(uint(len(base)-1)) // the transform wants a power of two
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

// lean moves a base vector a little in the direction of a role, "" in none, so that a text's
// vectors of two roles differ and are still close to each other. The result has not quite unit
// length.
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

// hadamard is the Walsh-Hadamard transform in place, times scale. len(v) is a power of two.
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

// unit brings v to unit length in place. A zero vector, which no model gives, stays.
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
