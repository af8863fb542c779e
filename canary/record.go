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
	"github.com/vecspace/embedding/internal/floats"
)

const (
	defaultTolerance = 1e-3 // for servers whose results vary with the batch that a text is computed in
	defaultAsks      = 2
	noiseFactor      = 4    // a few answers show only a part of the noise
	maxNoise         = 0.05 // more could hide another model
	batch            = 64   // texts per request if the model states no limit
)

// Options configures [Record]. The zero value records the built-in texts.
type Options struct {
	// Texts of your own are recorded after the built-in ones, duplicates once. They are stored in the
	// clear.
	Texts []string
	// Tolerance is the largest 1 - cosine that is not a drift. Values outside (0, 1) mean 0.001. If
	// the provider's noise is above a quarter of it, four times the noise is used instead.
	Tolerance float64
	Asks      int // how often each text is embedded to measure the noise; below 2 is 2
}

// Record embeds the built-in texts and o.Texts with e, at least twice to measure the provider's
// noise, and returns the vectors as the Reference of e's Space.
//
// It is an error if the Space is unknown (call [embedding.Probe] first), if a text fails, if a
// layer inside e answers in the provider's place, or if two answers for one text differ as much as
// two models do (1 - cosine above 0.05).
func Record(ctx context.Context, e embedding.Embedder, o Options) (Reference, error) {
	if e == nil {
		return Reference{}, errNil
	}
	m := embedding.Chain(e).Model()
	if m.Space == "" {
		return Reference{}, fmt.Errorf("canary: the Space of %s:%s is unknown: call embedding.Probe first", m.Provider, m.ID)
	}
	r := Reference{
		Version: version, Recorded: time.Now().UTC().Truncate(time.Second), Provider: m.Provider, Model: m.ID,
		Space: m.Space, Variant: m.Variant, Normalized: true,
	}
	if !(o.Tolerance > 0 && o.Tolerance < 1) {
		o.Tolerance = defaultTolerance
	}
	asked := embedding.Chain(open{e})
	var first answer
	var err error
	if first, r.Texts, err = o.fit(ctx, asked, !m.Symmetric); err == nil {
		err = first.directed()
	}
	for k := 1; err == nil && k < max(o.Asks, defaultAsks); k++ {
		var a answer
		if a, err = ask(ctx, asked, r.Texts, !m.Symmetric); err == nil {
			err = r.hear(first, a)
		}
	}
	if err != nil {
		return Reference{}, err
	}
	r.Dimensions = len(first.documents[0])
	if m.Dimensions > 0 && r.Dimensions != m.Dimensions {
		return Reference{}, fmt.Errorf("canary: the vectors have %d dimensions and the model says %d", r.Dimensions, m.Dimensions)
	}
	r.Documents, r.Queries = own(first.documents), own(first.queries)
	for _, v := range slices.Concat(r.Documents, r.Queries) {
		r.Normalized = r.Normalized && unit(floats.Norm(v))
	}
	r.Tolerance = max(o.Tolerance, noiseFactor*r.Noise)
	return r, r.valid()
}

// fit asks for all texts, and halves the long one until the model takes it. If the model takes no
// part of it, it is left out.
func (o Options) fit(ctx context.Context, e embedding.Embedder, queries bool) (answer, []string, error) {
	l := e.Model().Limits // of a request, which the short texts share
	most := l.Min(embedding.Limits{TextTokens: l.Tokens / 2}).Min(embedding.Limits{TextTokens: l.Bytes / 5}).TextTokens
	for {
		text := long(most)
		texts := o.all(text)
		a, err := ask(ctx, e, texts, queries)
		if text == "" || !refused(err, len(builtin)%perRequest(e)) {
			return a, texts, err
		}
		most = max(1, embedding.EstimateTokens(text)/2)
	}
}

// refused reports whether err may be about the text at i of a request, and no other.
func refused(err error, i int) bool {
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		return len(p.Failed) == 1 && p.Failed[0].Index == i && refused(p.Failed[0].Err, i)
	}
	kind := embedding.KindOf(err)
	return err != nil && (kind == embedding.Rejected || kind == embedding.TooLarge || kind == embedding.Invalid)
}

func perRequest(e embedding.Embedder) int { return cmp.Or(max(e.Model().Limits.Texts, 0), batch) }

// all returns the built-in texts, with this long one unless it is empty, and the caller's own.
func (o Options) all(long string) []string {
	texts := append([]string(nil), builtin[:]...)
	if long != "" {
		texts = append(texts, long)
	}
	for _, text := range o.Texts {
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// hear adds the difference of two answers to the noise. The guard has made sure of equal
// dimensions.
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

// answer holds the vectors of all texts as documents and, if asked for, as queries.
type answer struct{ documents, queries [][]float32 }

// directed returns an error if a vector is zero.
func (a answer) directed() error {
	for i, v := range slices.Concat(a.documents, a.queries) {
		if floats.Norm(v) == 0 {
			return fmt.Errorf("canary: the vector of text %d is zero and has no direction", i%len(a.documents))
		}
	}
	return nil
}

var (
	errNil    = errors.New("canary: the Embedder is nil")
	errReused = errors.New("canary: a cache or another call answered a text in the provider's place: pass the Embedder inside the cache and Coalesce")
)

func ask(ctx context.Context, e embedding.Embedder, texts []string, queries bool) (a answer, err error) {
	if a.documents, err = rows(ctx, e, texts, embedding.TaskDocument); err == nil && queries {
		a.queries, err = rows(ctx, e, texts, embedding.TaskQuery)
	}
	return a, err
}

func rows(ctx context.Context, e embedding.Embedder, texts []string, task embedding.Task) ([][]float32, error) {
	all := make([][]float32, 0, len(texts))
	for part := range slices.Chunk(texts, perRequest(e)) {
		res, err := e.Embed(ctx, embedding.Request{Texts: part, Task: task})
		if err != nil {
			return nil, fmt.Errorf("canary: embedding the texts from %d as %s: %w", len(all), task, err)
		}
		if res.Usage.Reused > 0 {
			return nil, errReused
		}
		all = append(all, res.Vectors...)
	}
	return all, nil
}

// open hides what the guard around it would refuse, other dimensions and lengths, so that a change
// can be described.
type open struct{ embedding.Embedder }

func (o open) Model() embedding.Model {
	m := o.Embedder.Model()
	m.Dimensions, m.Normalized = 0, false
	return m
}

// own copies rows that others may share.
func own(rows [][]float32) []Vector {
	var out []Vector
	for _, v := range rows {
		out = append(out, slices.Clone(v))
	}
	return out
}

// unit reports whether a length is 1, allowing for rounding and short number formats on the wire.
func unit(length float64) bool { return math.Abs(length-1) <= lengthTolerance }

// cosine is embedding.Cosine in double precision: noise is often smaller than the last bit of a
// float32 near 1.
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
