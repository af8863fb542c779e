package canary

import (
	"math"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/floats"
)

// lengthTolerance is how far a vector's length may be from the recorded one, as a fraction of that.
const lengthTolerance = 0.01

// longText is the size in bytes above which a text is a long one, of some hundred tokens.
const longText = 500

// compare fills in d's figures and returns the change, or 0.
func compare(d *Drift, ref Reference, a answer) Change {
	pairs := []pair{{embedding.TaskDocument, ref.Documents, a.documents}, {embedding.TaskQuery, ref.Queries, a.queries}}
	d.NowDimensions = len(a.documents[0])
	lengths := measure(d, pairs)
	same := d.NowDimensions == ref.Dimensions
	if same && d.cosines(ref.Texts, pairs, ref.Dimensions) == 0 {
		if lengths {
			return LengthsChanged
		}
		return 0
	}
	if before, n := filled(pairs); n < before {
		short := Drift{Tolerance: d.Tolerance}
		if short.cosines(ref.Texts, pairs, n) == 0 {
			d.Kept = n
			d.Compared, d.Moved, d.WorstText, d.WorstTask = short.Compared, short.Moved, short.WorstText, short.WorstTask
			d.WorstCosine, d.MeanCosine = short.WorstCosine, short.MeanCosine
			return Truncated
		}
	}
	if !same {
		return DimensionsChanged
	}
	return VectorsChanged
}

// pair holds the recorded and the present vectors of all texts for one Task.
type pair struct {
	task   embedding.Task
	before []Vector
	now    [][]float32
}

// measure fills in the mean lengths and reports whether any vector's length changed.
func measure(d *Drift, pairs []pair) (changed bool) {
	n := 0.0
	for _, p := range pairs {
		for i, v := range p.before {
			before, now := floats.Norm(v), floats.Norm(p.now[i])
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
func (d *Drift) cosines(texts []string, pairs []pair, dims int) (moved int) {
	d.WorstCosine = math.Inf(1)
	sum, long := 0.0, 0
	for _, p := range pairs {
		for i, v := range p.before {
			c := cosine(v[:dims], p.now[i][:dims])
			d.Compared++
			sum += c
			if 1-c > d.Tolerance {
				d.Moved++
				if len(texts[i]) > longText {
					long++
				}
			}
			if c < d.WorstCosine {
				d.WorstCosine, d.WorstText, d.WorstTask = c, i, p.task
			}
		}
	}
	d.MeanCosine = sum / float64(d.Compared)
	d.onlyLong = d.Moved > 0 && long == d.Moved
	return d.Moved
}

// filled returns the number of dimensions without the zeros at the end of all vectors.
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
