// Package encoder runs the layers of a BERT: from token ids to one vector for each token.
package encoder

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/vecspace/embedding/providers/local/internal/kernel"
	"github.com/vecspace/embedding/providers/local/internal/safetensors"
)

// Config is the shape of a model.
type Config struct {
	Hidden     int // values of a token's vector
	Inner      int // values inside the feed-forward part
	Heads      int
	Layers     int
	Positions  int // rows of the table of positions
	First      int // the row of the first token
	Types      int // token types, of which only the first is used
	Vocabulary int
	Epsilon    float32 // of the layer norms
	Int8       bool    // weights of the layers are whole numbers
}

// Encoder is a loaded model. It is safe for concurrent use.
type Encoder struct {
	Config
	set *kernel.Set

	words     []float32 // Vocabulary rows; may be pages of the file
	positions []float32
	kind      []float32 // the vector of the first token type
	norm      affine
	layers    []layer
}

// layer is one block: attention, then the feed-forward part.
type layer struct {
	queries, keys, values matrix
	bias                  []float32 // of all three
	out, up, down         linear
	norm1, norm2          affine
}

// linear is a weight, packed, and a bias.
type linear struct {
	weight matrix
	bias   []float32
}

// matrix is a packed weight, in one of the two forms.
type matrix struct {
	float kernel.Packed
	int8  kernel.Packed8
}

func (m *matrix) scale(by float32) {
	m.float.Scale(by)
	m.int8.Scale(by)
}

// affine is what a layer norm multiplies by and adds.
type affine struct{ weight, shift []float32 }

// ErrGone is the error of a model whose file has been cut since it was opened, or is on a disk that
// fails.
var ErrGone = errors.New("the file of the weights cannot be read any more; load the model again, and replace a file by a rename")

// reading runs do, which reads pages of the file. A page that cannot be read is an error instead of
// the end of the process.
func reading(do func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if _, fault := p.(interface{ Addr() uintptr }); !fault {
				panic(p)
			}
			err = ErrGone
		}
	}()
	do()
	return nil
}

// Load reads the weights of a model, whose tensors have Hugging Face's names, perhaps behind a
// prefix such as "bert.".
func Load(f *safetensors.File, c Config, prefix string, set *kernel.Set) (*Encoder, error) {
	const words = "embeddings.word_embeddings.weight"
	l := loader{f: f, set: set, int8: c.Int8}
	if !f.Has(words) && f.Has(prefix+words) {
		l.prefix = prefix
	}
	e := &Encoder{Config: c, set: set}
	e.positions = l.read("embeddings.position_embeddings.weight", c.Positions, c.Hidden)
	if types := l.read("embeddings.token_type_embeddings.weight", c.Types, c.Hidden); l.err == nil {
		e.kind = types[:c.Hidden:c.Hidden]
	}
	e.norm = l.affine("embeddings.LayerNorm", c.Hidden)
	for i := 0; i < c.Layers && l.err == nil; i++ {
		e.layers = append(e.layers, l.layer(fmt.Sprintf("encoder.layer.%d.", i), c))
	}
	mapped, release := l.view(words, c.Vocabulary, c.Hidden)
	if l.err != nil {
		return nil, l.err
	}
	e.words = mapped
	runtime.AddCleanup(e, func(release func()) { release() }, release)
	return e, nil
}

// loader reads tensors until the first error.
type loader struct {
	f      *safetensors.File
	set    *kernel.Set
	prefix string
	int8   bool
	err    error
}

func (l *loader) read(name string, shape ...int) (values []float32) {
	if l.err == nil {
		values, l.err = l.f.Read(l.prefix+name, shape...)
	}
	return values
}

func (l *loader) view(name string, shape ...int) (values []float32, release func()) {
	if l.err == nil {
		values, release, l.err = l.f.Map(l.prefix+name, shape...)
	}
	return values, release
}

func (l *loader) affine(name string, n int) affine {
	return affine{l.read(name+".weight", n), l.read(name+".bias", n)}
}

// pack packs a weight from the pages of the file, so that there is no third copy of it.
func (l *loader) pack(m *matrix, name string, in, out int) {
	values, release := l.view(name, out, in)
	if l.err != nil {
		return
	}
	defer release()
	l.err = reading(func() {
		if l.int8 {
			l.set.Pack8(&m.int8, values, in, in, out)
		} else {
			l.set.Pack(&m.float, values, in, in, out)
		}
	})
}

func (l *loader) linear(name string, in, out int) (lin linear) {
	l.pack(&lin.weight, name+".weight", in, out)
	lin.bias = l.read(name+".bias", out)
	return lin
}

func (l *loader) layer(at string, c Config) (out layer) {
	parts := []*matrix{&out.queries, &out.keys, &out.values}
	for i, name := range []string{"query", "key", "value"} {
		name = at + "attention.self." + name
		l.pack(parts[i], name+".weight", c.Hidden, c.Hidden)
		out.bias = append(out.bias, l.read(name+".bias", c.Hidden)...)
	}
	out.out = l.linear(at+"attention.output.dense", c.Hidden, c.Hidden)
	out.norm1 = l.affine(at+"attention.output.LayerNorm", c.Hidden)
	out.up = l.linear(at+"intermediate.dense", c.Hidden, c.Inner)
	out.down = l.linear(at+"output.dense", c.Inner, c.Hidden)
	out.norm2 = l.affine(at+"output.LayerNorm", c.Hidden)
	if l.err != nil {
		return layer{}
	}
	// The scores of the attention are divided by the root of a head's width: the queries are.
	scale := float32(1 / math.Sqrt(float64(c.Hidden/c.Heads)))
	out.queries.scale(scale)
	for i := range c.Hidden {
		out.bias[i] *= scale
	}
	return out
}

// block is how many rows run through the attention's scores and the feed-forward part at once, so
// that a long text takes no memory by the square of its length. It is a multiple of every set's
// Rows.
const block = 264

// State is the memory of one run, for one goroutine at a time. The zero value is ready, and it is
// used again with advantage.
type State struct {
	x, qkv, mixed []float32 // a row for each token
	inner         []float32 // a row for each token of a block
	scores        []float32 // of a block's tokens to those of one text
	keys          kernel.Packed
	rows          kernel.Rows8 // what is multiplied next
	t             kernel.Scratch
}

// Run returns the vectors of the tokens of texts, one text behind the other without padding: Hidden
// values for each token. They are the state's own and stay until its next run. No text is empty,
// none is longer than the positions, and every id is in the vocabulary. The error is ctx's or
// [ErrGone].
func (e *Encoder) Run(ctx context.Context, texts [][]int32, s *State) ([]float32, error) {
	defer runtime.KeepAlive(e) // whose cleanup unmaps words
	total := 0
	for _, ids := range texts {
		total += len(ids)
	}
	h := e.Hidden
	rows := total + e.set.Rows // what MulAdd reads behind the last row
	s.x = size(s.x, rows*h)
	s.qkv = size(s.qkv, rows*3*h+e.set.Columns)
	s.mixed = size(s.mixed, rows*h)
	s.inner = size(s.inner, (min(total, block)+e.set.Rows)*e.Inner)
	if err := reading(func() { e.embed(s.x, texts) }); err != nil {
		return nil, err
	}
	for i := range e.layers {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l := &e.layers[i]
		repeat(s.qkv[:total*3*h], l.bias)
		e.multiply(s, s.x, h, total, 3*h, product{s.qkv, &l.queries}, product{s.qkv[h:], &l.keys}, product{s.qkv[2*h:], &l.values})
		clear(s.mixed[:total*h])
		row := 0
		for _, ids := range texts {
			e.attend(s, row, len(ids))
			row += len(ids)
		}
		// What goes around a part is in x already, and its bias is added by the layer norm.
		e.multiply(s, s.mixed, h, total, h, product{s.x, &l.out.weight})
		e.normalize(s.x, total, l.out.bias, l.norm1)
		for from := 0; from < total; from += block {
			x, n := s.x[from*h:], min(block, total-from)
			inner := s.inner[:n*e.Inner]
			repeat(inner, l.up.bias)
			e.multiply(s, x, h, n, e.Inner, product{inner, &l.up.weight})
			e.set.GELU(inner, &s.t)
			e.multiply(s, s.inner, e.Inner, n, h, product{x, &l.down.weight})
			e.normalize(x, n, l.down.bias, l.norm2)
		}
	}
	return s.x[:total*h], nil
}

// product is a matrix to multiply by, and what the result is added to.
type product struct {
	to []float32
	by *matrix
}

// multiply computes products of the first n rows of x, of so many values. What they are added to
// has rows of ld values.
func (e *Encoder) multiply(s *State, x []float32, values, n, ld int, products ...product) {
	if e.Int8 {
		e.set.Quantize(&s.rows, x, values, n, values)
	}
	for _, p := range products {
		if e.Int8 {
			e.set.MulAdd8(p.to, ld, &s.rows, n, &p.by.int8, &s.t)
		} else {
			e.set.MulAdd(p.to, ld, x, values, n, &p.by.float, &s.t)
		}
	}
}

// size returns n values in the memory of s, if that is enough.
func size(s []float32, n int) []float32 { return slices.Grow(s[:0], n)[:n] }

// repeat fills rows with one row.
func repeat(rows, row []float32) {
	for len(rows) > 0 {
		rows = rows[copy(rows, row):]
	}
}

// embed writes the vectors that go into the first layer.
func (e *Encoder) embed(x []float32, texts [][]int32) {
	h, row := e.Hidden, 0
	for _, ids := range texts {
		for i, id := range ids {
			to, word, place := x[row*h:][:h], e.words[int(id)*h:][:h], e.positions[(e.First+i)*h:][:h]
			for k := range to {
				to[k] = word[k] + place[k]
			}
			row++
		}
	}
	e.normalize(x, row, e.kind, e.norm)
}

func (e *Encoder) normalize(x []float32, rows int, add []float32, by affine) {
	for h := e.Hidden; rows > 0; rows-- {
		e.set.Norm(x[:h], add, by.weight, by.shift, e.Epsilon)
		x = x[h:]
	}
}

// attend adds to mixed, for each of a text's n tokens from a row on, the values of all its tokens
// by their attention.
func (e *Encoder) attend(s *State, row, n int) {
	h, width := e.Hidden, e.Hidden/e.Heads
	columns := (n + e.set.Columns - 1) / e.set.Columns * e.set.Columns
	s.scores = size(s.scores, (min(n, block)+e.set.Rows)*columns)
	for head := range e.Heads {
		part := s.qkv[row*3*h+head*width:] // queries, behind them keys, behind them values
		e.set.Pack(&s.keys, part[h:], 3*h, width, n)
		s.keys.N = columns // whole tiles; what is behind the last key is thrown away
		for from := 0; from < n; from += block {
			rows := min(block, n-from)
			clear(s.scores[:rows*columns])
			e.set.MulAdd(s.scores, columns, part[from*3*h:], 3*h, rows, &s.keys, &s.t)
			for i := range rows {
				line := s.scores[i*columns:][:columns]
				for j := n; j < columns; j++ {
					line[j] = -math.MaxFloat32
				}
				e.set.Softmax(line)
			}
			e.set.MulAddPlain(s.mixed[(row+from)*h+head*width:], h, s.scores, columns, rows, part[2*h:], 3*h, n, width, &s.t)
		}
	}
}
