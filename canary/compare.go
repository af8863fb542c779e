package canary

import (
	"math"
	"slices"

	"github.com/vecspace/embedding"
)

// lengthTolerance is how far a vector's length may be from what it was, as a part of it.
const lengthTolerance = 0.01

// compare fills in d's figures and returns the change, or 0.
func compare(d *Drift, ref Reference, a answer) Change {
	pairs := []pair{{embedding.TaskDocument, ref.Documents, a.documents}, {embedding.TaskQuery, ref.Queries, a.queries}}
	d.NowDimensions = len(a.documents[0])
	lengths := measure(d, pairs)
	same := d.NowDimensions == ref.Dimensions
	if same && d.cosines(pairs, ref.Dimensions) == 0 {
		if lengths {
			return Lengths
		}
		return 0
	}
	if before, n := filled(pairs); n < before {
		short := Drift{Tolerance: d.Tolerance}
		if short.cosines(pairs, n) == 0 {
			d.Kept = n
			d.Compared, d.Moved, d.WorstText, d.WorstTask = short.Compared, short.Moved, short.WorstText, short.WorstTask
			d.WorstCosine, d.MeanCosine = short.WorstCosine, short.MeanCosine
			return Truncated
		}
	}
	switch {
	case !same:
		return Dimensions
	case permuted(pairs, d.Tolerance):
		return Permuted
	case rotated(pairs, d.Tolerance):
		return Rotated
	}
	return Vectors
}

// pair is what was recorded and what is answered now for all texts as one Task.
type pair struct {
	task   embedding.Task
	before []Vector
	now    [][]float32
}

// measure fills in the mean lengths and reports whether a vector's length changed.
func measure(d *Drift, pairs []pair) (changed bool) {
	n := 0.0
	for _, p := range pairs {
		for i, v := range p.before {
			before, now := length(v), length(p.now[i])
			d.Length += before
			d.NowLength += now
			n++
			changed = changed || math.Abs(now-before) > lengthTolerance*before
		}
	}
	d.Length /= n
	d.NowLength /= n
	return changed
}

// cosines fills in the figures over the first dims dimensions and returns how many vectors moved.
func (d *Drift) cosines(pairs []pair, dims int) (moved int) {
	d.WorstCosine = math.Inf(1)
	sum := 0.0
	for _, p := range pairs {
		for i, v := range p.before {
			c := cosine(v[:dims], p.now[i][:dims])
			d.Compared++
			sum += c
			if 1-c > d.Tolerance {
				d.Moved++
			}
			if c < d.WorstCosine {
				d.WorstCosine, d.WorstText, d.WorstTask = c, i, p.task
			}
		}
	}
	d.MeanCosine = sum / float64(d.Compared)
	return d.Moved
}

// filled returns how many dimensions are left of the vectors without the zeros that end all of them.
func filled(pairs []pair) (before, now int) {
	for _, p := range pairs {
		for i := range p.before {
			before, now = max(before, trim(p.before[i])), max(now, trim(p.now[i]))
		}
	}
	return before, now
}

func trim[V ~[]float32](v V) int {
	n := len(v)
	for n > 0 && v[n-1] == 0 {
		n--
	}
	return n
}

// permuted reports whether every vector that moved is that of another text, each of another one.
func permuted(pairs []pair, tolerance float64) bool {
	for _, p := range pairs {
		taken := make([]bool, len(p.before)) // the recorded vectors that are somebody's now
		is := func(i, j int) bool { return 1-cosine(p.before[j], p.now[i]) <= tolerance }
		for i := range p.now {
			taken[i] = is(i, i)
		}
		stays := slices.Clone(taken)
		for i := range p.now {
			if stays[i] {
				continue
			}
			at := -1
			for j := range p.before {
				if !taken[j] && is(i, j) {
					at = j
					break
				}
			}
			if at < 0 {
				return false
			}
			taken[at] = true
		}
	}
	return true
}

// rotated reports whether the cosines between texts are what they were though the vectors are not. Vectors that move by
// the tolerance change a cosine between them by up to about its root; beyond 0.05 another model might pass.
func rotated(pairs []pair, tolerance float64) bool {
	most := min(math.Sqrt(2*tolerance), 0.05)
	for _, p := range pairs {
		for i := range p.before {
			for j := range i {
				if math.Abs(cosine(p.before[i], p.before[j])-cosine(p.now[i], p.now[j])) > most {
					return false
				}
			}
		}
	}
	return true
}
