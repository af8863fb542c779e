package canary

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/vecspace/embedding"
)

const (
	defaultTolerance = 1e-3 // what servers that compute in batches of changing company need
	defaultAsks      = 2
	noiseFactor      = 4    // a few answers show a part of the noise only
	maxNoise         = 0.05 // more would hide another model
	batch            = 64   // texts of a request where the model does not say its limit
)

// Options of Record. The zero value records the built-in texts.
type Options struct {
	Texts []string // of your own, after the built-in ones; one that is there already is left out. They are stored in the clear
	// Tolerance is the 1 - cosine that no drift begins below. 0 or less, or 1 and more, is 0.001. A provider whose noise is more
	// gets four times its noise instead.
	Tolerance float64
	Asks      int // how often each text is asked for to measure the noise; below 2 is 2
}

// Record asks e for the vectors of the built-in texts and o.Texts, at least twice to measure the provider's own noise, and
// returns them as the Reference of e's Space. It is an error if the Space is unknown (call embedding.Probe first), if a
// text fails, if something between here and the provider answers for it, or if two answers for one text differ
// as two models' do (1 - cosine above 0.05).
func Record(ctx context.Context, e embedding.Embedder, o Options) (Reference, error) {
	if e == nil {
		return Reference{}, errNil
	}
	m := embedding.Chain(e).Model()
	if m.Space == "" {
		return Reference{}, fmt.Errorf("canary: the Space of %s:%s is unknown: call embedding.Probe first", m.Provider, m.ID)
	}
	texts := Texts()
	for _, text := range o.Texts {
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	r := Reference{
		Version: version, Recorded: time.Now().UTC().Truncate(time.Second), Provider: m.Provider, Model: m.ID, Space: m.Space, Variant: m.Variant,
		Normalized: true, Texts: texts,
	}
	if !(o.Tolerance > 0 && o.Tolerance < 1) {
		o.Tolerance = defaultTolerance
	}
	asked := embedding.Chain(open{e})
	var first answer
	for k := range max(o.Asks, defaultAsks) {
		a, err := ask(ctx, asked, texts, !m.Symmetric)
		if err != nil {
			return Reference{}, err
		}
		if k == 0 {
			first = a
			for i, v := range slices.Concat(a.documents, a.queries) {
				if length(v) == 0 {
					return Reference{}, fmt.Errorf("canary: the vector of text %d is zero and has no direction", i%len(texts))
				}
			}
		} else if err := r.hear(first, a); err != nil {
			return Reference{}, err
		}
	}
	r.Dimensions = len(first.documents[0])
	if m.Dimensions > 0 && r.Dimensions != m.Dimensions {
		return Reference{}, fmt.Errorf("canary: the vectors have %d dimensions and the model says %d", r.Dimensions, m.Dimensions)
	}
	r.Documents, r.Queries = own(first.documents), own(first.queries)
	for _, v := range slices.Concat(r.Documents, r.Queries) {
		r.Normalized = r.Normalized && unit(length(v))
	}
	r.Tolerance = max(o.Tolerance, noiseFactor*r.Noise)
	return r, r.valid()
}

// hear adds the difference of two answers, which the guard has held to the same dimensions, to the noise.
func (r *Reference) hear(a, b answer) error {
	for role, rows := range [][][]float32{a.documents, a.queries} {
		again := [][][]float32{b.documents, b.queries}[role]
		for i, v := range rows {
			r.Noise = max(r.Noise, 1-cosine(v, again[i]))
		}
	}
	if r.Noise > maxNoise {
		return fmt.Errorf("canary: two answers for one text differ by %.3g (1 - cosine): the provider serves more than one model, "+
			"and no tolerance would tell a change from that", r.Noise)
	}
	return nil
}

// answer is what a provider says to all texts, as documents and, if asked, as queries.
type answer struct{ documents, queries [][]float32 }

var (
	errNil    = errors.New("canary: the Embedder is nil")
	errReused = errors.New("canary: a text was not asked for but taken from a cache or another call: give it the Embedder below the cache and Coalesce")
)

func ask(ctx context.Context, e embedding.Embedder, texts []string, queries bool) (a answer, err error) {
	if a.documents, err = rows(ctx, e, texts, embedding.TaskDocument); err == nil && queries {
		a.queries, err = rows(ctx, e, texts, embedding.TaskQuery)
	}
	return a, err
}

func rows(ctx context.Context, e embedding.Embedder, texts []string, task embedding.Task) ([][]float32, error) {
	size := cmp.Or(max(e.Model().Limits.Texts, 0), batch)
	all := make([][]float32, 0, len(texts))
	for part := range slices.Chunk(texts, size) {
		res, err := e.Embed(ctx, embedding.Request{Texts: part, Task: task})
		if err != nil {
			return nil, fmt.Errorf("canary: asking for texts from %d as %s: %w", len(all), task, err)
		}
		if res.Usage.Reused > 0 {
			return nil, errReused
		}
		all = append(all, res.Vectors...)
	}
	return all, nil
}

// open is an Embedder that promises no dimensions, so that the guard around it lets every length pass and a change of it can be
// told in figures.
type open struct{ embedding.Embedder }

func (o open) Model() embedding.Model {
	m := o.Embedder.Model()
	m.Dimensions = 0
	return m
}

// own copies rows, which may be shared with others.
func own(rows [][]float32) []Vector {
	var out []Vector
	for _, v := range rows {
		out = append(out, slices.Clone(v))
	}
	return out
}

func length[V ~[]float32](v V) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

// unit reports whether a length is 1, within what rounding and short number formats on the wire cost.
func unit(length float64) bool { return math.Abs(length-1) <= lengthTolerance }

// cosine is embedding.Cosine in double precision: noise is often smaller than what a float32 near 1 can tell.
func cosine[V, W ~[]float32](a V, b W) float64 {
	var dot, aa, bb float64
	for i, x := range a {
		x, y := float64(x), float64(b[i])
		dot += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return max(-1, min(1, dot/math.Sqrt(aa)/math.Sqrt(bb)))
}
