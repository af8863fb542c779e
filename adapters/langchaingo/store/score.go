package store

import (
	"fmt"
	"math"
)

// Score says what the scores of a store's results are. The guard turns them into the cosine of the angle between document and query.
type Score uint8

// The scores that stores return.
const (
	// Auto knows pgvector and chromem (Cosine), redisvector (Distance), weaviate (Certainty) and dolt (OneMinusL2). The
	// scores of the others depend on how their collection was made, so New asks for one of the following.
	Auto       Score = iota
	Cosine           // the cosine: chroma with WithDistanceFunction(COSINE), milvus and qdrant with their cosine metric
	Distance         // 1 - cosine, 0 is best: redisvector
	Certainty        // (1 + cosine) / 2: weaviate
	OneMinusL2       // 1 - the square of the Euclidean distance, of unit vectors: chroma as it is by default, dolt
	L2               // the square of the Euclidean distance, of unit vectors: milvus with L2
	Dot              // the inner product, of unit vectors
)

var scores = [...]struct {
	name   string
	unit   bool // only the vectors of length 1 have such scores
	cosine func(score float64) float64
}{
	Cosine:     {"Cosine", false, func(s float64) float64 { return s }},
	Distance:   {"Distance", false, func(s float64) float64 { return 1 - s }},
	Certainty:  {"Certainty", false, func(s float64) float64 { return 2*s - 1 }},
	OneMinusL2: {"OneMinusL2", true, func(s float64) float64 { return (1 + s) / 2 }},
	L2:         {"L2", true, func(s float64) float64 { return 1 - s/2 }},
	Dot:        {"Dot", true, func(s float64) float64 { return s }},
}

// String returns the constant's name.
func (s Score) String() string {
	switch {
	case s == Auto:
		return "Auto"
	case int(s) < len(scores):
		return scores[s].name
	}
	return fmt.Sprintf("Score(%d)", uint8(s))
}

// cosine returns what a store's score says. A vector without a direction has the cosine 0, as embedding.Cosine says.
func (s Score) cosine(score float32) float32 {
	c := scores[s].cosine(float64(score))
	if math.IsNaN(c) {
		return 0
	}
	return float32(max(-1, min(1, c)))
}

// unfit says why a vector cannot be stored, or "".
func (s Score) unfit(v []float32) string {
	if !scores[s].unit {
		for _, x := range v {
			if x != 0 {
				return ""
			}
		}
		return "is zero and has no direction"
	}
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if l := math.Sqrt(sum); math.Abs(l-1) > 1e-3 {
		return fmt.Sprintf("has the length %.4g and not 1, so scores of the sort %v say nothing about it: make the collection with the cosine as its metric", l, s)
	}
	return ""
}

// tolerance of what is measured: stores compress vectors, and compute with 32 bits.
const tolerance = 0.03

// matching returns in words which sort of scores a measured one is.
func matching(score float32, cosine float64) string {
	for s := Cosine; int(s) < len(scores); s++ {
		if math.Abs(scores[s].cosine(float64(score))-cosine) <= tolerance {
			return s.String()
		}
	}
	return "one that does not exist: make the collection with the cosine as its metric"
}

// between returns a vector of length 1 whose cosine with v is 0.8, where all sorts of scores differ and none is negative.
func between(v []float32) []float32 {
	const cos, sin = 0.8, 0.6
	if len(v) == 1 {
		return []float32{v[0] / float32(math.Abs(float64(v[0])))}
	}
	// The axis on which v is shortest, made orthogonal to it.
	axis, vv := 0, 0.0
	for i, x := range v {
		if math.Abs(float64(x)) < math.Abs(float64(v[axis])) {
			axis = i
		}
		vv += float64(x) * float64(x)
	}
	out := make([]float32, len(v))
	length := math.Sqrt(vv)
	along := float64(v[axis]) / length // of the axis, on v's direction
	rest := math.Sqrt(1 - along*along)
	for i, x := range v {
		u := float64(x) / length
		w := -along * u
		if i == axis {
			w++
		}
		out[i] = float32(cos*u + sin*w/rest)
	}
	return out
}
