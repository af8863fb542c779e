package cache

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// provider embeds deterministically and counts what it is paid for.
type provider struct {
	m      embedding.Model
	mu     sync.Mutex
	billed map[string]int
	fails  func(text string) error
}

func newProvider(m embedding.Model) *provider {
	return &provider{m: m, billed: map[string]int{}}
}

func model(space string) embedding.Model {
	return embedding.Model{Provider: "p", ID: "m", Space: embedding.Space(space), Dimensions: 4}
}

func (p *provider) Model() embedding.Model { return p.m }
func (p *provider) Embed(_ context.Context, req embedding.Request) (embedding.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := embedding.NewMerger(len(req.Texts))
	slab := make([]float32, 0, 4*len(req.Texts))
	for i, text := range req.Texts {
		if p.fails != nil {
			if err := p.fails(text); err != nil {
				m.Add([]int{i}, embedding.Response{}, err)
				continue
			}
		}
		p.billed[text]++
		slab = append(slab, vector(p.m, req.Task, text)...)
		m.Set(i, slab[len(slab)-4:len(slab):len(slab)])
	}
	m.Use(embedding.Usage{Requests: 1, Tokens: len(req.Texts)})
	return m.Result()
}

func vector(m embedding.Model, task embedding.Task, text string) []float32 {
	if m.Symmetric {
		task = 0
	}
	rng := rand.New(rand.NewPCG(uint64(len(text))<<8|uint64(task), uint64(len(m.Variant))))
	v := []float32{0, 0, 0, 1}
	for _, c := range []byte(text) {
		v[rng.IntN(3)] += float32(c)
	}
	return v
}

func open(t testing.TB, o Options) *Cache {
	c, err := New(o)
	expect.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func embed(t testing.TB, e embedding.Embedder, texts ...string) embedding.Response {
	t.Helper()
	res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
	expect.NoError(t, err)
	return res
}
