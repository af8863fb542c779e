package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/dialect"
)

// served is a model that is served.
type served struct {
	name    string
	aliases []string
	e       embedding.Embedder
	lengths []int
	shorter bool
	decode  func(ids []int) (string, error)

	model atomic.Pointer[embedding.Model] // with dimensions once an answer has shown them

	mu  sync.Mutex
	cut map[int]embedding.Embedder // by the length of vectors

	meter *meter
}

func newServed(name string, m Model) (*served, error) {
	if m.Embedder == nil {
		return nil, fmt.Errorf("server: the Embedder of the model %q is nil", name)
	}
	for _, n := range m.Lengths {
		if n < 1 {
			return nil, fmt.Errorf("server: the model %q has a length of %d", name, n)
		}
	}
	e := embedding.Chain(m.Embedder)
	if e.Model().Limits.Texts > 0 {
		e = middleware.Batch(middleware.BatchOptions{})(e)
	}
	out := &served{name: name, aliases: m.Aliases, e: e, lengths: m.Lengths, shorter: m.Shorter, decode: m.Decode, cut: map[int]embedding.Embedder{}}
	about := e.Model()
	out.model.Store(&about)
	return out, nil
}

// described is an Embedder that is only a Model. The Chain around it derives the Space.
type described embedding.Model

func (d described) Model() embedding.Model { return embedding.Model(d) }
func (d described) Embed(context.Context, embedding.Request) (embedding.Response, error) {
	return embedding.Response{}, embedding.Invalid
}

// learn notes the dimensions that vectors show, for a model that does not give them, and returns
// its Space. Vectors of rejected texts are nil.
func (m *served) learn(vectors ...[]float32) embedding.Space {
	about := *m.model.Load()
	at := slices.IndexFunc(vectors, func(v []float32) bool { return len(v) > 0 })
	if about.Dimensions == 0 && at >= 0 {
		about.Dimensions = len(vectors[at]) // and a Space if the model has none
		about = embedding.Chain(described(about)).Model()
		m.model.Store(&about)
	}
	return about.Space
}

// probe asks for one vector if nobody knows the dimensions yet.
func (m *served) probe(ctx context.Context) error {
	if m.model.Load().Dimensions > 0 {
		return nil
	}
	v, err := embedding.Query(ctx, m.e, "dimensions")
	m.learn(v)
	return err
}

// offers reports whether a request may ask for vectors of a length.
func (m *served) offers(n int) bool {
	own := m.model.Load().Dimensions
	return n == own || n > 0 && n < own && (m.shorter || slices.Contains(m.lengths, n))
}

// offered says which lengths there are.
func (m *served) offered() string {
	own := m.model.Load().Dimensions
	switch {
	case m.shorter:
		return fmt.Sprintf("1 to %d", own)
	case len(m.lengths) == 0:
		return fmt.Sprint(own)
	}
	all := append([]int{own}, m.lengths...)
	slices.Sort(all)
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(slices.Compact(all)), " ", ", "), "[]")
}

// embedder returns what makes vectors of a length that the model offers; 0 means its own.
func (m *served) embedder(n int) (embedding.Embedder, error) {
	about := *m.model.Load()
	if n == 0 || n == about.Dimensions {
		return m.e, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.cut[n]; e != nil {
		return e, nil
	}
	e, err := middleware.Truncate(embedding.Wrap(m.e, about, m.e.Embed), n, middleware.TruncateOptions{})
	if err == nil {
		m.cut[n] = e
	}
	return e, err
}

// listed returns the model as lists show it.
func (m *served) listed(texts int) dialect.Model {
	out := dialect.Model{Model: *m.model.Load(), Name: m.name, Lengths: m.lengths, Aliases: m.aliases, Detailed: true}
	if out.ID == "" {
		out.ID = m.name
	}
	out.Limits.Texts = texts
	return out
}
