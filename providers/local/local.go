package local

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/local/internal/encoder"
	"github.com/vecspace/embedding/providers/local/internal/kernel"
	"github.com/vecspace/embedding/providers/local/internal/safetensors"
)

// Options configures [New]. It requires Folder.
type Options struct {
	Folder string // of a model, as sentence-transformers saves it

	Truncate bool `ref:"truncate"` // cut texts that are too long
	Threads  int  `ref:"threads"`  // batches that run at once, in all calls together; 0 means runtime.GOMAXPROCS

	// Quantize "int8" computes the layers with whole numbers: faster, in less memory, with vectors of
	// another Space that are nearly as good. "" means float32. docs/local.md has figures.
	Quantize string `ref:"quantize"`

	// Prefix replaces the folder's prompts: it is "auto", which chooses prefixes by the folder's name,
	// or the name of a row of the table in package providers.
	Prefix string `ref:"prefix"`
	// QueryPrefix and DocumentPrefix replace the folder's prompts by prefixes of your own, of queries
	// and of everything else.
	QueryPrefix    string `ref:"query_prefix"`
	DocumentPrefix string `ref:"document_prefix"`
	Plain          bool   `ref:"plain"` // no prompts, as Prefix "none"

	Space embedding.Space `ref:"space"` // replaces the space that New derives
}

// New loads a model and returns it behind the guard. It reads the whole folder, which must not
// change while the model is in use. The error's Kind is Invalid; its words name the file and the
// tensor or the setting that is not as it should be.
func New(o Options) (embedding.Embedder, error) {
	sets := kernel.Sets()
	if o.Quantize != "" {
		sets = kernel.Sets8()
	}
	return load(o, sets[0])
}

func load(o Options, set *kernel.Set) (embedding.Embedder, error) {
	m := embedding.Model{Provider: "local", ID: named(o.Folder), Space: o.Space}
	switch {
	case o.Folder == "":
		return nil, m.Errorf(embedding.Invalid, "no folder is named")
	case o.Threads < 0:
		return nil, m.Errorf(embedding.Invalid, "%d threads: there is at least one, or 0 for all cores", o.Threads)
	case o.Quantize != "" && o.Quantize != "int8":
		return nil, m.Errorf(embedding.Invalid, "quantize is %q: there is \"int8\", or nothing for float32", o.Quantize)
	}
	f, err := readFolder(o.Folder)
	if err != nil {
		return nil, m.Errorf(embedding.Invalid, "%w", err)
	}
	f.encoder.Int8 = o.Quantize != ""
	e := &model{folder: f, truncate: o.Truncate}
	var sum []byte
	if e.encoder, sum, err = weights(f, set); err != nil {
		return nil, m.Errorf(embedding.Invalid, "%w", err)
	}
	if o.Plain || o.Prefix+o.QueryPrefix+o.DocumentPrefix != "" {
		own := prefixes.Options{Prefix: o.Prefix, Query: o.QueryPrefix, Document: o.DocumentPrefix, Plain: o.Plain}
		if f.prompts, err = own.Choose(m.ID, ""); err != nil {
			return nil, m.Errorf(embedding.Invalid, "%w", err)
		}
	}
	longest := 0
	for _, prompt := range f.prompts {
		longest = max(longest, len(f.tokens.Append(nil, prompt)))
	}
	m.Dimensions = f.encoder.Hidden
	m.Normalized = f.normalize
	m.Symmetric = symmetric(f.prompts)
	m.Variant = setup.Cut(f.prompts.Variant(), o.Truncate)
	if m.Limits.TextTokens = f.length - f.around() - longest; m.Limits.TextTokens <= 0 {
		return nil, m.Errorf(embedding.Invalid, "a prompt of %d tokens leaves no room for a text, of %d", longest, f.length)
	}
	if m.Space == "" {
		m.Space = embedding.Space(fmt.Sprintf("local/%s-%x%s@%d", m.ID, sum[:4], quantized(o.Quantize), m.Dimensions))
	}
	e.m = m
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	e.states = make(chan *encoder.State, o.Threads)
	for range o.Threads {
		e.states <- new(encoder.State)
	}
	return embedding.Chain(e), nil
}

// quantized is the part of a Space that says how a model computes.
func quantized(how string) string {
	if how == "" {
		return ""
	}
	return "+" + how
}

// weights loads model.safetensors, and returns the hash of all that decides a text's vector.
func weights(f *folder, set *kernel.Set) (*encoder.Encoder, []byte, error) {
	name := filepath.Join(f.dir, "model.safetensors")
	file, err := safetensors.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: weights in other files, such as pytorch_model.bin or several parts, are not read", err)
	}
	if err != nil {
		return nil, nil, err
	}
	enc, err := encoder.Load(file, f.encoder, f.prefix, set)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, nil, err
	}
	h := sha256.New()
	for _, name := range []string{name, filepath.Join(f.dir, "tokenizer.json")} {
		file, err := os.Open(name)
		if err != nil {
			return nil, nil, err
		}
		_, err = io.Copy(h, file)
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, nil, err
		}
	}
	_, _ = io.WriteString(h, f.meaning()) // a hash's Write never fails
	return enc, h.Sum(nil), nil
}

func symmetric(p prefixes.Prefixes) bool {
	for task := embedding.TaskDocument; task <= embedding.TaskClustering; task++ {
		if p[task] != p[embedding.TaskDocument] {
			return false
		}
	}
	return true
}

type model struct {
	*folder
	m        embedding.Model
	encoder  *encoder.Encoder
	truncate bool
	states   chan *encoder.State // one for each batch that may run at once
}

func (e *model) Model() embedding.Model { return e.m }

// Embed checks for cancellation between texts and between layers; a canceled call has cost nothing.
func (e *model) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	merged := embedding.NewMerger(len(req.Texts))
	var (
		texts  [][]int32
		places []int // of texts in the request
		tokens int
	)
	for i, text := range req.Texts {
		if err := ctx.Err(); err != nil {
			return embedding.Response{}, err
		}
		ids, err := e.ids(i, e.prompts[req.Task]+text)
		if err != nil {
			merged.Add([]int{i}, embedding.Response{}, err)
			continue
		}
		texts, places = append(texts, ids), append(places, i)
		tokens += len(ids)
	}
	if len(texts) > 0 {
		rows, err := e.run(ctx, texts, tokens)
		if err != nil {
			return embedding.Response{}, err
		}
		merged.Add(places, embedding.Response{Vectors: rows, Usage: embedding.Usage{Requests: 1, Tokens: tokens}}, nil)
	}
	return merged.Result()
}

// ids returns the tokens of text i, with those around it.
func (e *model) ids(i int, text string) ([]int32, error) {
	ids := append(make([]int32, 0, e.around()+len(text)/3), e.tokens.Begin...)
	ids = e.tokens.Append(ids, strings.TrimSpace(text))
	if most := e.length - len(e.tokens.End); len(ids) > most {
		if !e.truncate {
			err := e.m.Errorf(embedding.Rejected, "text %d has %d tokens, and the model takes %d: split it, or let it be cut (Options.Truncate)",
				i, len(ids)+len(e.tokens.End), e.length)
			err.Allowed = embedding.Limits{TextTokens: e.m.Limits.TextTokens}
			return nil, err
		}
		ids = ids[:most]
	}
	if ids = append(ids, e.tokens.End...); len(ids) == 0 {
		return nil, e.m.Errorf(embedding.Rejected, "text %d has no token: the tokenizer drops all of it", i)
	}
	return ids, nil
}

// batch is how many tokens run through the layers at once: enough to use the weights often while
// they are in the cache, and few enough for their own values to stay there too.
const batch = 256

// run returns the vectors of texts, which have so many tokens in all.
func (e *model) run(ctx context.Context, texts [][]int32, tokens int) ([][]float32, error) {
	dims := e.m.Dimensions
	slab := make([]float32, len(texts)*dims)
	rows := make([][]float32, len(texts))
	for i := range rows {
		rows[i] = slab[i*dims:][:dims:dims]
	}
	ends := cut(texts, min(batch, tokens/cap(e.states)+1))
	var (
		wg     sync.WaitGroup
		next   atomic.Int64
		failed atomic.Pointer[error]
	)
	work := func() {
		for failed.Load() == nil {
			k := int(next.Add(1)) - 1
			if k >= len(ends) {
				return
			}
			from := 0
			if k > 0 {
				from = ends[k-1]
			}
			if err := e.batch(ctx, texts[from:ends[k]], rows[from:ends[k]]); err != nil {
				failed.Store(&err)
			}
		}
	}
	for range min(cap(e.states), len(ends)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return rows, nil
}

// cut returns where batches of up to most tokens end. A text is in one batch.
func cut(texts [][]int32, most int) (ends []int) {
	tokens := 0
	for i, ids := range texts {
		if tokens > 0 && tokens+len(ids) > most {
			ends = append(ends, i)
			tokens = 0
		}
		tokens += len(ids)
	}
	return append(ends, len(texts))
}

func (e *model) batch(ctx context.Context, texts [][]int32, rows [][]float32) error {
	var s *encoder.State
	select {
	case s = <-e.states:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { e.states <- s }()
	x, err := e.encoder.Run(ctx, texts, s)
	if errors.Is(err, encoder.ErrGone) {
		return e.m.Errorf(embedding.Unavailable, "%w", err)
	}
	if err != nil {
		return err
	}
	for i, ids := range texts {
		n := len(ids) * len(rows[i])
		e.pooling.pool(rows[i], x[:n])
		if e.normalize {
			unit(rows[i])
		}
		x = x[n:]
	}
	return nil
}

// pool writes the vector of a text, of the vectors of its tokens behind each other.
func (p pooling) pool(v, tokens []float32) {
	copy(v, tokens)
	if p == cls {
		return
	}
	count := float32(len(tokens) / len(v))
	for tokens = tokens[len(v):]; len(tokens) > 0; tokens = tokens[len(v):] {
		if p == most {
			for k, x := range tokens[:len(v)] {
				v[k] = max(v[k], x)
			}
			continue
		}
		for k, x := range tokens[:len(v)] {
			v[k] += x
		}
	}
	if p == mean {
		for k := range v {
			v[k] /= count
		}
	}
}

// unit scales v to length 1.
func unit(v []float32) {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	scale := float32(1 / max(math.Sqrt(sum), 1e-12)) // the floor of sentence-transformers' Normalize
	for k := range v {
		v[k] *= scale
	}
}
