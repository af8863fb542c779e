// Package static is the default model: a static embedding model in pure Go with its weights
// compiled in. It finds English and Chinese text by meaning without a key, a download or a server.
//
// A static model is a table of token vectors. The vector of a text is the normalized sum of its
// tokens' vectors. The model is good at the similarity of short texts, and worse than BM25 at
// finding long documents. A Chinese question finds English text too. Traditional characters count
// as simplified ones. It is weaker in Chinese, which dictionaries, program messages and help pages
// have taught it: news and names of the day are thin. TestQuality measured these figures on public
// test sets that it was not trained on (Spearman correlation of the cosine on STS-B, nDCG@10 on
// SciFact and Cranfield, times 100; en-zh compares an English sentence with a Chinese one):
//
//	                          bytes    STS en  STS zh  STS en-zh  SciFact  Cranfield
//	static:base, 256 dims     7.8 MB    77.58   70.84      61.21    54.76      32.77
//	  ?lexical=256                      77.42   70.57      61.19    58.07      34.50
//	  ?dimensions=128                   75.77   69.10      58.49    48.00      31.20
//	  ?dimensions=64                    72.44   68.00      53.92    38.45      26.78
//	potion-base-8M            30 MB     75.41       -          -    50.64          -
//	BM25                          -         -       -          -    67.67      37.48
//
// Lexical dimensions are behind the others and make vectors twice as long. In them, texts are near
// that have rare words in common: names, numbers, codes. They help to find documents. On the
// development sets they win by enough to be the default (SciFact 59.0 against 55.4, the other sets
// within .6 or better: see train/README.md); that vectors are twice as long decides against it.
//
// This is the second edition. Vectors of the first are of another Space, and package base1 opens
// it.
//
// The authors of potion-base-8M published its figures with MTEB (STSBenchmark, SciFact). NOTICE
// lists the teachers and the texts of our weights. The folder train holds the program that trains
// them.
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
	"github.com/vecspace/embedding/internal/spaces"
	"github.com/vecspace/embedding/providers/static/internal/linked"
)

// Options configures [New]. The zero value means the model base with 256 dimensions.
type Options struct {
	// Model is "base", which "" stands for, or "base1": the first edition, for vectors that it made. A
	// program that opens it imports package base1.
	Model      string
	Dimensions int `ref:"dimensions"` // 256, 128 or 64; zero means 256
	// Lexical adds 128 or 256 dimensions in which only equal words are near. Retrieval gains from
	// them: see the package's table. The model base1 has none.
	Lexical int `ref:"lexical"`
	// Space, if set, replaces the default Space, which is named after the weights. You then assert
	// which vectors are comparable.
	Space embedding.Space `ref:"space"`
}

var dimensions, lexical = []int{256, 128, 64}, []int{0, 128, 256}

// New returns the model behind the guard. It does no I/O; the first text builds the index of the
// vocabulary. Vectors have unit length and do not depend on the Task. Usage.Tokens counts the
// pieces of the vocabulary that were found. The error's Kind is Invalid.
//
// A text without a known token gets a vector that depends only on its words. So every text that is
// not blank has a vector, and equal unknown words match.
func New(o Options) (embedding.Embedder, error) {
	e := &model{table: loaded}
	name := fmt.Sprintf("static/base-%s-t%d", weightsSHA256[:8], tokenizer)
	switch o.Model {
	case "":
		o.Model = "base"
	case "base":
	case "base1":
		if linked.Base1 == "" {
			return nil, invalid("this program does not link the model \"base1\": import _ \"github.com/vecspace/embedding/providers/static/base1\"")
		}
		if o.Lexical != 0 {
			return nil, invalid("the model \"base1\" has no lexical dimensions: leave lexical out")
		}
		e.table, name = loadedBase1, spaces.FirstStatic
	default:
		return nil, invalid("there is no model %q: there are \"base\" and \"base1\"", o.Model)
	}
	if o.Dimensions == 0 {
		o.Dimensions = dimensions[0]
	}
	if !slices.Contains(dimensions, o.Dimensions) {
		return nil, invalid("%d dimensions: there are %v", o.Dimensions, dimensions)
	}
	if !slices.Contains(lexical, o.Lexical) {
		return nil, invalid("%d lexical dimensions: there are %v", o.Lexical, lexical)
	}
	if o.Lexical > 0 {
		name += fmt.Sprintf("+lexical%d", o.Lexical)
	}
	e.meaning, e.lexical = o.Dimensions, o.Lexical
	if o.Space == "" {
		o.Space = embedding.Space(fmt.Sprintf("%s@%d", name, o.Dimensions+o.Lexical))
	}
	e.m = embedding.Model{
		Provider:   "static",
		ID:         o.Model,
		Space:      o.Space,
		Dimensions: o.Dimensions + o.Lexical,
		Normalized: true,
		Symmetric:  true,
		Limits:     embedding.Limits{Texts: 1 << 16}, // a block that Batch need not split further; nothing depends on it
	}
	return embedding.Chain(e), nil
}

func invalid(format string, args ...any) error {
	return &embedding.Error{Kind: embedding.Invalid, Provider: "static", Err: fmt.Errorf(format, args...)}
}

type model struct {
	m                embedding.Model
	table            func() *table
	meaning, lexical int // how many dimensions are of each kind
}

func (e *model) Model() embedding.Model { return e.m }

// Embed puts all vectors into one slab. Large requests use all cores. It checks for cancellation
// between texts; a canceled call has cost nothing.
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

// share is the number of texts that a worker takes at once.
const share = 16

// workers returns how many goroutines are worth starting: a sentence takes about two microseconds.
func (e *model) workers(texts []string) int {
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	return max(1, min(runtime.GOMAXPROCS(0), len(texts)/share, size>>12))
}

func (e *model) run(ctx context.Context, texts []string, rows [][]float32) (tokens int) {
	t := e.table()
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	for i, text := range texts {
		if ctx.Err() != nil {
			return tokens
		}
		tokens += t.embed(s, rows[i], e.meaning, text)
	}
	return tokens
}

// scratch is one goroutine's memory. It holds parts of a text only until the next text. Large
// buffers are not kept.
type scratch struct {
	folded []byte
	rows   []int
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// embed writes the vector of text into v, which must be zero, and returns the number of pieces
// found. The dimensions after the first ones are lexical.
func (t *table) embed(s *scratch, v []float32, meaning int, text string) int {
	s.folded = t.fold(s.folded[:0], text)
	s.rows = s.rows[:0]
	words(s.folded, func(word []byte, c class) { s.rows = t.pieces(s.rows, word, c) })
	t.sum(v[:meaning], s.rows)
	n := len(s.rows)
	switch {
	case n == 0 || !normalize(v[:meaning]):
		seeded(v, s.folded, text)
	case len(v) > meaning:
		t.join(v, meaning, s.rows)
	}
	const keep = 1 << 16
	if cap(s.folded) > keep || cap(s.rows) > keep {
		*s = scratch{}
	}
	return n
}

// normalize scales v to unit length; len(v) must be a multiple of four. It returns false for a zero
// vector.
func normalize(v []float32) bool {
	var s0, s1, s2, s3 float64 // four sums, so that additions do not wait for each other
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

// seeded writes the vector of a text without known tokens: the sum of its words' seeded vectors, or
// the seeded vector of its bytes if folding leaves no word.
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

// addSeeded adds values between -1 and 1 that depend on the word only and are the same on every
// machine: splitmix64, seeded with the word's FNV-1a hash.
func addSeeded(v []float32, word []byte) {
	state := uint64(14695981039346656037)
	for _, c := range word {
		state = (state ^ uint64(c)) * 1099511628211
	}
	for i := range v {
		state += golden
		v[i] += float32(int64(splitmix(state))>>40) / (1 << 23)
	}
}

// golden is the step of splitmix64's state.
const golden = 0x9e3779b97f4a7c15

// splitmix returns the number that splitmix64 makes of a state.
func splitmix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
