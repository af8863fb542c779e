package store

import (
	"fmt"
	"math"

	"github.com/vecspace/embedding/internal/floats"
)

// Score says what the scores of a store's results are. The guard converts them to the cosine of the
// angle between document and query.
type Score uint8

// Scores that stores return. Auto knows pgvector and chromem (Cosine), redisvector (Distance),
// weaviate (Certainty) and dolt (OneMinusL2). In other stores the scores depend on how the
// collection was created, so New requires one of the other values.
const (
	Auto       Score = iota
	Cosine           // cosine: chroma with WithDistanceFunction(COSINE), milvus and qdrant with cosine
	Distance         // 1 - cosine, 0 is best: redisvector
	Certainty        // (1 + cosine) / 2: weaviate
	OneMinusL2       // 1 - squared Euclidean distance of unit vectors: chroma by default, dolt
	L2               // squared Euclidean distance of unit vectors: milvus with L2
	Dot              // inner product of unit vectors
)

var scores = [...]struct {
	name   string
	unit   bool // such scores need vectors of length 1
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

// cosine converts a store's score. A vector without a direction has the cosine 0, as in
// [embedding.Cosine].
func (s Score) cosine(score float32) float32 {
	c := scores[s].cosine(float64(score))
	if math.IsNaN(c) {
		return 0
	}
	return float32(max(-1, min(1, c)))
}

// unfit says why a vector cannot be stored; "" if it can.
func (s Score) unfit(v []float32) string {
	if !scores[s].unit {
		for _, x := range v {
			if x != 0 {
				return ""
			}
		}
		return "is zero and has no direction"
	}
	if l := floats.Norm(v); math.Abs(l-1) > 1e-3 {
		return fmt.Sprintf("has the length %.4g, want 1 for scores of the sort %v: create the collection with the cosine as its metric", l, s)
	}
	return ""
}

// tolerance is the allowed error of a measured score: stores compress vectors and compute in 32
// bits.
const tolerance = 0.03

// matching names the sort of score that a measured one is.
func matching(score float32, cosine float64) string {
	for s := Cosine; int(s) < len(scores); s++ {
		if math.Abs(scores[s].cosine(float64(score))-cosine) <= tolerance {
			return s.String()
		}
	}
	return "one that does not exist: make the collection with the cosine as its metric"
}

// between returns a vector of length 1 whose cosine with v is 0.8. There all sorts of scores differ
// and none is negative.
func between(v []float32) []float32 {
	const cos, sin = 0.8, 0.6
	if len(v) == 1 {
		return []float32{v[0] / float32(math.Abs(float64(v[0])))}
	}
	// Take the axis on which v is shortest and make it orthogonal to v.
	axis, vv := 0, 0.0
	for i, x := range v {
		if math.Abs(float64(x)) < math.Abs(float64(v[axis])) {
			axis = i
		}
		vv += float64(x) * float64(x)
	}
	out := make([]float32, len(v))
	length := math.Sqrt(vv)
	along := float64(v[axis]) / length // the axis' component along v
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
