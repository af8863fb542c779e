package local

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/local/internal/kernel"
	"github.com/vecspace/embedding/providers/local/internal/safetensors"
	"github.com/vecspace/embedding/providers/local/tiny"
)

// written returns the folder of a model.
func written(t testing.TB, m tiny.Model) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	expect.NoError(t, tiny.Write(dir, m))
	return dir
}

// models have every pooling and type of weights, widths that fill tiles and widths that do not.
var models = map[string]tiny.Model{
	"the usual":   {},
	"odd widths":  {Hidden: 36, Inner: 50, Heads: 3, Pooling: "cls", Type: "F16"},
	"wide":        {Hidden: 128, Inner: 300, Heads: 2, Layers: 3, Pooling: "max", Type: "BF16", Prefix: "bert."},
	"two blocks":  {Hidden: 264, Inner: 520, Heads: 4, Layers: 1, Unnormalized: true},
	"one head":    {Hidden: 20, Heads: 1, Inner: 33, Length: 200},
	"roberta":     {Roberta: true, Prefix: "roberta.", Layers: 1, Length: 600}, // several blocks of rows
	"cls, prompt": {Pooling: "cls", Prompts: map[string]string{"query": "q: ", "passage": "passage: "}},
}

var sentences = []string{
	"Hello, world!", "a", "The cat sits on the [SEP] mat of things", "Überraschung", "numbers 1 2 3 4 5 6 7 8 9 10",
	strings.Repeat("ab ", 24), "?", "the the the the the the the the the the the the",
}

// sets returns the kernels to test. The race detector need not see every one: a kernel has no
// goroutines.
func sets() []*kernel.Set {
	if race.Enabled {
		return kernel.Sets()[:1]
	}
	return kernel.Sets()
}

// Every kernel computes what a plain forward pass in float64 does.
func TestAgainstReference(t *testing.T) {
	for name, m := range models {
		dir := written(t, m)
		f, err := readFolder(dir)
		expect.NoError(t, err)
		sentences := sentences
		if m.Length > 500 {
			sentences = append(sentences[:3:3], strings.Repeat("ab ", 295))
		}
		for _, task := range []embedding.Task{embedding.TaskDocument, embedding.TaskQuery} {
			if task == embedding.TaskQuery && len(m.Prompts) == 0 {
				continue
			}
			tokens := 0
			var want [][]float64
			for _, text := range sentences {
				ids := append(f.tokens.Append([]int32{2}, f.prompts[task]+text), 3)
				tokens += len(ids)
				want = append(want, reference(t, f, ids))
			}
			for _, set := range sets() {
				t.Run(fmt.Sprintf("%s/%s/%s", name, task, set.Name), func(t *testing.T) {
					e, err := load(Options{Folder: dir}, set)
					expect.NoError(t, err)
					res, err := e.Embed(t.Context(), embedding.Request{Texts: sentences, Task: task})
					expect.NoError(t, err)
					for i, row := range res.Vectors {
						for k, v := range row {
							if d := math.Abs(float64(v) - want[i][k]); !(d <= 1e-5*max(1, math.Abs(want[i][k]))) {
								t.Fatalf("text %d: value %d is %v, want %v", i, k, v, want[i][k])
							}
						}
					}
					expect.Equal(t, "usage", res.Usage, embedding.Usage{Requests: 1, Tokens: tokens})
				})
			}
		}
	}
}

// reference computes the vector of a text in float64, a value after the other, as the papers have
// it: nothing of it is shared with the package.
func reference(t *testing.T, f *folder, ids []int32) []float64 {
	t.Helper()
	file, err := safetensors.Open(filepath.Join(f.dir, "model.safetensors"))
	expect.NoError(t, err)
	defer func() { expect.NoError(t, file.Close()) }()
	c := f.encoder
	prefix := ""
	for _, p := range []string{"bert.", "roberta."} {
		if file.Has(p + "embeddings.word_embeddings.weight") {
			prefix = p
		}
	}
	tensor := func(name string, shape ...int) []float32 {
		v, err := file.Read(prefix+name, shape...)
		expect.NoError(t, err)
		return v
	}
	linear := func(x [][]float64, name string, in, out int) [][]float64 {
		w, b := tensor(name+".weight", out, in), tensor(name+".bias", out)
		y := make([][]float64, len(x))
		for r := range x {
			y[r] = make([]float64, out)
			for o := range out {
				y[r][o] = float64(b[o])
				for i := range in {
					y[r][o] += x[r][i] * float64(w[o*in+i])
				}
			}
		}
		return y
	}
	norm := func(x [][]float64, name string) {
		w, b := tensor(name+".weight", c.Hidden), tensor(name+".bias", c.Hidden)
		for _, row := range x {
			var mean, variance float64
			for _, v := range row {
				mean += v / float64(len(row))
			}
			for _, v := range row {
				variance += (v - mean) * (v - mean) / float64(len(row))
			}
			for i := range row {
				row[i] = (row[i]-mean)/math.Sqrt(variance+float64(c.Epsilon))*float64(w[i]) + float64(b[i])
			}
		}
	}
	words, places, types := tensor("embeddings.word_embeddings.weight", c.Vocabulary, c.Hidden),
		tensor("embeddings.position_embeddings.weight", c.Positions, c.Hidden), tensor("embeddings.token_type_embeddings.weight", c.Types, c.Hidden)
	x := make([][]float64, len(ids))
	for r, id := range ids {
		for k := range c.Hidden {
			x[r] = append(x[r], float64(words[int(id)*c.Hidden+k])+float64(places[(c.First+r)*c.Hidden+k])+float64(types[k]))
		}
	}
	norm(x, "embeddings.LayerNorm")
	for l := range c.Layers {
		at := fmt.Sprintf("encoder.layer.%d.", l)
		q, k, v := linear(x, at+"attention.self.query", c.Hidden, c.Hidden), linear(x, at+"attention.self.key", c.Hidden, c.Hidden), linear(x, at+"attention.self.value", c.Hidden, c.Hidden)
		width := c.Hidden / c.Heads
		mixed := make([][]float64, len(x))
		for r := range x {
			mixed[r] = make([]float64, c.Hidden)
			for h := range c.Heads {
				weights := make([]float64, len(x))
				var sum float64
				for s := range x {
					var dot float64
					for i := h * width; i < (h+1)*width; i++ {
						dot += q[r][i] * k[s][i]
					}
					weights[s] = math.Exp(dot / math.Sqrt(float64(width)))
					sum += weights[s]
				}
				for s := range x {
					for i := h * width; i < (h+1)*width; i++ {
						mixed[r][i] += weights[s] / sum * v[s][i]
					}
				}
			}
		}
		around := func(y [][]float64) {
			for r := range x {
				for i := range x[r] {
					x[r][i] += y[r][i]
				}
			}
		}
		around(linear(mixed, at+"attention.output.dense", c.Hidden, c.Hidden))
		norm(x, at+"attention.output.LayerNorm")
		inner := linear(x, at+"intermediate.dense", c.Hidden, c.Inner)
		for _, row := range inner {
			for i, z := range row {
				row[i] = z * 0.5 * math.Erfc(-z/math.Sqrt2)
			}
		}
		around(linear(inner, at+"output.dense", c.Inner, c.Hidden))
		norm(x, at+"output.LayerNorm")
	}
	out := append([]float64{}, x[0]...)
	for _, row := range x[1:] {
		for i, v := range row {
			switch f.pooling {
			case mean:
				out[i] += v
			case most:
				out[i] = max(out[i], v)
			}
		}
	}
	var square float64
	for i := range out {
		if f.pooling == mean {
			out[i] /= float64(len(x))
		}
		square += out[i] * out[i]
	}
	for i := range out {
		if f.normalize {
			out[i] /= math.Sqrt(square)
		}
	}
	return out
}

// The laws hold to the last bit: a text's vector depends neither on its place nor on its
// neighbors.
func TestLaws(t *testing.T) {
	for name, m := range models {
		for _, set := range sets() {
			if set.Name == "go" && m.Hidden > 100 {
				continue // it takes ten times as long
			}
			t.Run(name+"/"+set.Name, func(t *testing.T) {
				e, err := load(Options{Folder: written(t, m), Truncate: true, Threads: 3}, set)
				expect.NoError(t, err)
				embedtest.Test(t, func(*testing.T) embedtest.Subject { return embedtest.Subject{Embedder: e} })
			})
		}
	}
}

// A text may have exactly the tokens that Limits say; one more is refused, and costs its neighbors
// nothing. If texts are cut, the vector is that of the beginning, with [SEP] at its end.
func TestTooLong(t *testing.T) {
	dir := written(t, tiny.Model{Length: 20, Prompts: map[string]string{"query": "q q "}})
	e := vendortest.Opened(t)(New(Options{Folder: dir}))
	most := e.Model().Limits.TextTokens
	expect.Equal(t, "tokens of a text", most, 20-2-2)
	fits, long := strings.Repeat("a ", most), strings.Repeat("a ", most+3)
	res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{fits, long, "a"}, Task: embedding.TaskQuery})
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != 1 || p.Failed[0].Index != 1 {
		t.Fatalf("got %v and %v, want text 1 alone to fail", res, err)
	}
	refused, _ := errors.AsType[*embedding.Error](p.Failed[0].Err)
	if refused == nil || refused.Kind != embedding.Rejected || refused.Allowed.TextTokens != most ||
		!strings.Contains(refused.Error(), "text 1 has 23 tokens, and the model takes 20: split it, or let it be cut (Options.Truncate)") {
		t.Errorf("got %v, want both counts and what to do", p.Failed[0].Err)
	}
	expect.Equal(t, "usage", p.Response.Usage, embedding.Usage{Requests: 1, Tokens: 20 + 5})

	cut := vendortest.Opened(t)(New(Options{Folder: dir, Truncate: true}))
	expect.Equal(t, "variant", cut.Model().Variant, `query="q q ",truncate`)
	res, err = cut.Embed(t.Context(), embedding.Request{Texts: []string{fits, long}, Task: embedding.TaskQuery})
	expect.NoError(t, err)
	expect.Equal(t, "the vector of the cut text", res.Vectors[1], res.Vectors[0])
	expect.Equal(t, "usage", res.Usage.Tokens, 40)
}

// A text with nothing but a long one fails whole, without an answer.
func TestAllTooLong(t *testing.T) {
	e := vendortest.Opened(t)(New(Options{Folder: written(t, tiny.Model{Length: 4})}))
	res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a b c d"}})
	if !errors.Is(err, embedding.Rejected) || res.Usage != (embedding.Usage{}) {
		t.Errorf("got %v and %v, want Rejected and no usage", res, err)
	}
}

// A text of which the tokenizer leaves nothing is refused, if nothing stands around it either.
func TestNoToken(t *testing.T) {
	dir := written(t, tiny.Model{})
	name := filepath.Join(dir, "tokenizer.json")
	text, err := os.ReadFile(name)
	expect.NoError(t, err)
	changed := strings.Replace(string(text), `"post_processor": {`, `"post_processor": null, "x": {`, 1)
	expect.NoError(t, os.WriteFile(name, []byte(changed), 0o600))
	e := vendortest.Opened(t)(New(Options{Folder: dir}))
	_, err = e.Embed(t.Context(), embedding.Request{Texts: []string{"a", "\x01"}})
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || len(p.Failed) != 1 || !errors.Is(p.Failed[0].Err, embedding.Rejected) || !strings.Contains(p.Failed[0].Err.Error(), "text 1 has no token") {
		t.Errorf("got %v, want text 1 alone to be Rejected", err)
	}
	expect.Equal(t, "tokens", p.Response.Usage.Tokens, 1)
}

// The Space changes with the weights, the pooling, the length and normalization, and with nothing
// that changes no vector.
func TestSpace(t *testing.T) {
	spaces := make(map[embedding.Space]string)
	for name, m := range map[string]tiny.Model{
		"usual": {}, "seed": {Seed: 1}, "roberta": {Roberta: true}, "pooling": {Pooling: "cls"}, "length": {Length: 63}, "normalize": {Unnormalized: true},
	} {
		e := vendortest.Opened(t)(New(Options{Folder: written(t, m)}))
		space := e.Model().Space
		if !strings.HasPrefix(string(space), "local/tiny-") || !strings.HasSuffix(string(space), "@32") {
			t.Errorf("%s: got the space %s, want local/tiny-HASH@32", name, space)
		}
		if other, twice := spaces[space]; twice {
			t.Errorf("%s and %s have the space %s, want two", name, other, space)
		}
		spaces[space] = name
	}
	expect.Equal(t, fmt.Sprint("whose space is that of earlier versions, for stored vectors: ", spaces), spaces["local/tiny-0a364490@32"], "usual")
	dir := written(t, tiny.Model{Prompts: map[string]string{"query": "q: "}})
	for _, o := range []Options{{}, {Plain: true}, {Truncate: true}, {Threads: 1}} {
		o.Folder = dir
		e, err := New(o)
		expect.NoError(t, err)
		expect.Equal(t, fmt.Sprintf("%+v: whose space %s is", o, e.Model().Space), spaces[e.Model().Space], "usual")
		expect.Equal(t, "symmetric", e.Model().Symmetric, o.Plain)
	}
	e := vendortest.Opened(t)(New(Options{Folder: dir, Space: "mine"}))
	expect.Equal(t, "space", e.Model().Space, embedding.Space("mine"))
}

// A call that is canceled ends between two layers, and the model is as good as before.
func TestCanceled(t *testing.T) {
	e := vendortest.Opened(t)(New(Options{Folder: written(t, tiny.Model{Layers: 5}), Threads: 2}))
	before, err := e.Embed(t.Context(), embedding.Request{Texts: sentences})
	expect.NoError(t, err)
	// The guard looks once, Embed for the only text, and Run before each of the five layers.
	for looks := range 7 {
		ctx := &countdown{Context: t.Context(), left: looks}
		_, err := e.Embed(ctx, embedding.Request{Texts: sentences[:1]})
		vendortest.Refused(t, fmt.Sprintf("canceled after %d looks", looks), err, context.Canceled)
	}
	res, err := e.Embed(t.Context(), embedding.Request{Texts: sentences})
	expect.NoError(t, err)
	expect.Equal(t, "vectors", res.Vectors, before.Vectors)
}

// countdown is a context that ends when it was asked so many times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// A file that is cut while its pages are in use is an error, not the end of the process.
func TestFileCut(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere the file may be read and not mapped")
	}
	dir := written(t, tiny.Model{Hidden: 512, Heads: 8, Layers: 1})
	e := vendortest.Opened(t)(New(Options{Folder: dir}))
	expect.NoError(t, os.Truncate(filepath.Join(dir, "model.safetensors"), 0))
	_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"hello"}})
	vendortest.Refused(t, "a file that was cut", err, embedding.Unavailable, "load the model again")
}

// A model that nobody uses any more is unmapped.
func TestUnmapped(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux lists what is mapped")
	}
	dir := written(t, tiny.Model{})
	e := vendortest.Opened(t)(New(Options{Folder: dir}))
	mapped := func() bool {
		text, err := os.ReadFile("/proc/self/maps")
		expect.NoError(t, err)
		return strings.Contains(string(text), dir)
	}
	if !mapped() {
		t.Error("the file is not mapped while the model is in use")
	}
	runtime.KeepAlive(e) // the last use
	for range 1000 {
		if runtime.GC(); !mapped() {
			return
		}
		runtime.Gosched()
	}
	t.Error("the file is still mapped, and nobody has the model")
}

func TestCut(t *testing.T) {
	texts := func(lengths ...int) (all [][]int32) {
		for _, n := range lengths {
			all = append(all, make([]int32, n))
		}
		return all
	}
	for _, c := range []struct {
		texts [][]int32
		most  int
		want  []int
	}{
		{texts(5), 1, []int{1}}, {texts(3, 3, 3), 6, []int{2, 3}}, {texts(3, 3, 3), 100, []int{3}}, {texts(9, 1, 9), 2, []int{1, 2, 3}},
	} {
		expect.Equal(t, fmt.Sprint(c.most, " tokens a batch"), cut(c.texts, c.most), c.want)
	}
}

// A call allocates its rows and the tokens of its texts, and nothing for a layer.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	for _, quantize := range []string{"", "int8"} {
		e := vendortest.Opened(t)(New(Options{Folder: written(t, tiny.Model{Layers: 6}), Threads: 1, Quantize: quantize}))
		texts := make([]string, 100)
		for i := range texts {
			texts[i] = sentences[i%2]
		}
		got := testing.AllocsPerRun(5, func() {
			if _, err := e.Embed(t.Context(), embedding.Request{Texts: texts}); err != nil {
				t.Fatalf("got %v, want vectors", err)
			}
		})
		if got > 3*float64(len(texts)) {
			t.Errorf("quantize %q: %v allocations for %d texts, want at most 3 each", quantize, got, len(texts))
		}
	}
}
