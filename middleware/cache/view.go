package cache

import (
	"context"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware/internal/recall"
)

// Wrap is the middleware. Vectors that next returns are kept, also those inside a PartialError; failures never are.
// A chain goes on working, without a cache, after Close.
func (c *Cache) Wrap(next embedding.Embedder) embedding.Embedder {
	next = embedding.Chain(next)
	m := next.Model()
	v := &view{cache: c, next: next, model: m, pre: c.keys.prefix(m, 0)}
	if m.Space == "" {
		v.pre = c.keys.prefix(m, c.chain.Add(1))
	}
	return embedding.Wrap(next, m, v.embed)
}

// view is the cache as one chain sees it.
type view struct {
	cache *Cache
	next  embedding.Embedder
	model embedding.Model
	pre   prefix
}

func (v *view) embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	n := req.Len()
	if n == 0 {
		return v.next.Embed(ctx, req)
	}
	if err := ctx.Err(); err != nil {
		return embedding.Response{}, err
	}
	pre := v.pre.of(req.Task)
	call := call{view: v, age: v.cache.now(), stores: v.cache.stores.Load()}
	rows, hits := v.hits(req.Texts, pre)
	switch hits {
	case n:
		return embedding.Response{Vectors: rows, Usage: embedding.Usage{Reused: n}}, nil
	case 0:
		return v.miss(ctx, call, req)
	}
	m := embedding.NewMerger(n)
	for i, row := range rows {
		if row != nil {
			m.Set(i, embedding.Row{Vector: row})
		}
	}
	m.Use(embedding.Usage{Reused: hits})
	missing := m.Missing()
	res, err := v.miss(ctx, call, req.Pick(missing))
	m.Add(missing, res, err)
	return m.Result()
}

// hits returns a row for each text that the cache holds and nil for the others, and how many it holds. One text costs no
// allocation: the entry lends its own slice of one row.
func (v *view) hits(texts []string, pre key) (rows [][]float32, hits int) {
	c := v.cache
	l := c.lane()
	l.RLock()
	defer l.RUnlock()
	if len(texts) == 1 {
		if e := c.lookup(c.keys.of(pre, texts[0]), v.model.Dimensions); e != nil {
			rows, hits = e.one[:], 1
		}
	} else {
		rows = make([][]float32, len(texts))
		for i, text := range texts {
			if e := c.lookup(c.keys.of(pre, text), v.model.Dimensions); e != nil {
				rows[i] = e.one[0]
				hits++
			}
		}
	}
	l.hits.Add(int64(hits))
	l.misses.Add(int64(len(texts) - hits))
	return rows, hits
}

// miss asks next and keeps what succeeded.
func (v *view) miss(ctx context.Context, c call, req embedding.Request) (embedding.Response, error) {
	res, err := v.next.Embed(recall.With(ctx, &c), req)
	if got := embedding.Salvage(res, err); len(got.Vectors) == req.Len() {
		c.Keep(req.Task, req.Texts, got.Vectors)
	}
	return res, err
}

// call is one call that missed. It is the recall.Memory of the layers inside.
type call struct {
	view   *view
	age    uint64 // purges before it looked
	stores uint64 // stores before it looked
}

func (c *call) Model() embedding.Model { return c.view.model }

func (c *call) Recall(task embedding.Task, text string) []float32 {
	cache := c.view.cache
	if cache.stores.Load() == c.stores {
		return nil
	}
	l := cache.lane()
	l.RLock()
	defer l.RUnlock()
	if e := cache.lookup(cache.keys.of(c.view.pre.of(task), text), c.view.model.Dimensions); e != nil {
		return e.one[0]
	}
	return nil
}

func (c *call) Keep(task embedding.Task, texts []string, rows [][]float32) {
	pre, keys := c.view.pre.of(task), c.view.cache.keys
	c.view.cache.keep(c.age, c.view.pre.space, func(yield func(key, []float32) bool) {
		for i, row := range rows {
			if row != nil && !yield(keys.of(pre, texts[i]), row) {
				return
			}
		}
	})
}
