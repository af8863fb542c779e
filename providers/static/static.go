// Package static is the embedded default: a static embedding model in pure Go with its weights compiled in. It finds
// English and Chinese text by meaning with no key, no download and no server.
//
// A static model is a table of token vectors, which are summed and normalised. It is strong at the similarity of short
// texts, and weaker than BM25 at finding long documents; Chinese is its weak side, everyday questions, news, names and
// traditional characters most of all. Measured by TestQuality on public test sets it was not trained on (Spearman of the cosine
// on STS-B, nDCG@10 on SciFact and Cranfield, times 100):
//
//	                          bytes    STS en  STS zh  STS en-zh  SciFact  Cranfield
//	static:base, 256 dims     5.8 MB    77.58   69.55      44.85    54.75      32.77
//	  ?dimensions=128                   75.77   67.94      46.63    48.00      31.20
//	  ?dimensions=64                    72.44   65.61      43.07    38.46      26.78
//	potion-base-8M            30 MB     75.41       -          -    50.64          -
//	BM25                          -         -       -          -    67.67      37.48
//
// The figures of potion-base-8M are those its authors published with MTEB (STSBenchmark, SciFact). The teachers and the texts of
// the weights are listed in NOTICE; the folder train holds the program that makes them.
package static

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/vecspace/embedding"
)

// Options of New. The zero value is the model base with 256 dimensions.
type Options struct {
	Model      string // "base" is the only one
	Dimensions int    // 256, 128 or 64; 0 is 256
	// Space, if set, replaces the one that is named after the weights: the user asserts what it is comparable with.
	Space embedding.Space
}

var dimensions = []int{256, 128, 64}

// New returns the model, guarded. It does no I/O; the vocabulary is indexed when the first text comes. Vectors have unit
// length and do not depend on the Task. Usage.Tokens are the vocabulary's pieces that were found.
//
// A text without any known token gets the sum of vectors seeded by its words, so that every text that is not blank has a vector and
// equal unknown words match.
func New(o Options) (embedding.Embedder, error) {
	if o.Model != "" && o.Model != "base" {
		return nil, invalid("there is no model %q: there is \"base\"", o.Model)
	}
	if o.Dimensions == 0 {
		o.Dimensions = dimensions[0]
	}
	if !slices.Contains(dimensions, o.Dimensions) {
		return nil, invalid("%d dimensions: there are %v", o.Dimensions, dimensions)
	}
	if o.Space == "" {
		o.Space = embedding.Space(fmt.Sprintf("static/base-%s@%d", weightsSHA256[:8], o.Dimensions))
	}
	return embedding.Chain(&model{m: embedding.Model{
		Provider:   "static",
		ID:         "base",
		Space:      o.Space,
		Dimensions: o.Dimensions,
		Normalized: true,
		Symmetric:  true,
		Limits:     embedding.Limits{Texts: 1 << 16}, // a block that Batch need not split further; nothing depends on it
	}}), nil
}

func invalid(format string, args ...any) error {
	return &embedding.Error{Kind: embedding.Invalid, Provider: "static", Err: fmt.Errorf(format, args...)}
}

type model struct{ m embedding.Model }

func (e *model) Model() embedding.Model { return e.m }

// Embed fills one slab. Large requests use all cores; a cancel is seen between two texts, and nothing was paid.
func (e *model) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	n, dims := len(req.Texts), e.m.Dimensions
	slab := make([]float32, n*dims)
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = slab[i*dims : (i+1)*dims : (i+1)*dims]
	}
	var tokens int
	if workers := e.workers(req.Texts); workers == 1 {
		tokens = e.run(ctx, req.Texts, rows)
	} else {
		var (
			wg    sync.WaitGroup
			next  atomic.Int64
			total atomic.Int64
		)
		for range workers {
			wg.Go(func() {
				for {
					hi := int(next.Add(share))
					lo := hi - share
					if lo >= n {
						return
					}
					hi = min(hi, n)
					total.Add(int64(e.run(ctx, req.Texts[lo:hi], rows[lo:hi])))
				}
			})
		}
		wg.Wait()
		tokens = int(total.Load())
	}
	if err := ctx.Err(); err != nil {
		return embedding.Response{}, err
	}
	return embedding.Response{Vectors: rows, Usage: embedding.Usage{Requests: 1, Tokens: tokens}}, nil
}

// share is how many texts a worker takes at once.
const share = 16

// workers is how many goroutines are worth their start: a text of a sentence takes about two microseconds.
func (e *model) workers(texts []string) int {
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	return max(1, min(runtime.GOMAXPROCS(0), len(texts)/share, size>>12))
}

func (e *model) run(ctx context.Context, texts []string, rows [][]float32) (tokens int) {
	t := loaded()
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	for i, text := range texts {
		if ctx.Err() != nil {
			return tokens
		}
		tokens += t.embed(s, rows[i], text)
	}
	return tokens
}

// scratch is one goroutine's memory. It holds parts of texts only until the next one; large ones are not kept.
type scratch struct {
	folded []byte
	rows   []int
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// embed writes the vector of text into v, which is zero, and returns the number of pieces it was made of.
func (t *table) embed(s *scratch, v []float32, text string) int {
	s.folded = fold(s.folded[:0], text)
	s.rows = s.rows[:0]
	words(s.folded, func(word []byte, c class) { s.rows = t.pieces(s.rows, word, c) })
	t.sum(v, s.rows)
	n := len(s.rows)
	if n == 0 || !normalize(v) {
		seeded(v, s.folded, text)
	}
	const keep = 1 << 16
	if cap(s.folded) > keep || cap(s.rows) > keep {
		*s = scratch{}
	}
	return n
}

// normalize scales v, whose length is a multiple of four, to unit length. It reports false for a zero vector.
func normalize(v []float32) bool {
	var s0, s1, s2, s3 float64 // four sums, so that an addition need not wait for the one before
	for w := v; len(w) >= 4; w = w[4:] {
		s0 += float64(w[0]) * float64(w[0])
		s1 += float64(w[1]) * float64(w[1])
		s2 += float64(w[2]) * float64(w[2])
		s3 += float64(w[3]) * float64(w[3])
	}
	sum := s0 + s1 + s2 + s3
	if sum == 0 {
		return false
	}
	scale := float32(1 / math.Sqrt(sum))
	for w := v; len(w) >= 4; w = w[4:] {
		w[0] *= scale
		w[1] *= scale
		w[2] *= scale
		w[3] *= scale
	}
	return true
}

// seeded writes the vector of a text that has no known token: the sum of its words' seeded vectors, or of one of its
// bytes where folding leaves no word.
func seeded(v []float32, folded []byte, text string) {
	clear(v)
	found := false
	words(folded, func(word []byte, _ class) {
		found = true
		addSeeded(v, word)
	})
	if !found || !normalize(v) {
		clear(v)
		addSeeded(v, []byte(text))
		normalize(v)
	}
}

// addSeeded adds values between -1 and 1 that follow from the word alone, on every machine: splitmix64 from its FNV-1a.
func addSeeded(v []float32, word []byte) {
	state := uint64(14695981039346656037)
	for _, c := range word {
		state = (state ^ uint64(c)) * 1099511628211
	}
	for i := range v {
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		v[i] += float32(int64(z)>>40) / (1 << 23)
	}
}
