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
	v.tier = c.tier.of(m)
	// The function itself and not a method of v's, which would cost a hit another copy of its result.
	return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (res embedding.Response, err error) {
		n := len(req.Texts)
		if err = ctx.Err(); err != nil {
			return res, err
		}
		rows, hits, at := v.hits(req.Texts, v.pre.of(req.Task))
		if hits < n {
			return v.misses(ctx, req, rows, hits, at)
		}
		res.Vectors, res.Usage.Reused = rows, n
		return res, nil
	})
}

// view is the cache as one chain sees it.
type view struct {
	cache *Cache
	next  embedding.Embedder
	model embedding.Model
	pre   prefix
	tier  *tier // nil: none
}

// misses asks the Store and then next for the texts without a row and merges them in.
func (v *view) misses(ctx context.Context, req embedding.Request, rows [][]float32, hits int, at moment) (embedding.Response, error) {
	if v.tier != nil {
		rows, hits = v.second(ctx, at, req, rows, hits)
		if hits == len(req.Texts) {
			return embedding.Response{Vectors: rows, Usage: embedding.Usage{Reused: hits}}, nil
		}
		if err := ctx.Err(); err != nil {
			return embedding.Response{}, err
		}
	}
	if hits == 0 {
		return v.miss(ctx, at, req)
	}
	m := embedding.NewMerger(len(req.Texts))
	for i, row := range rows {
		if row != nil {
			m.Set(i, row)
		}
	}
	m.Use(embedding.Usage{Reused: hits})
	missing := m.Missing()
	res, err := v.miss(ctx, at, req.Pick(missing))
	m.Add(missing, res, err)
	return m.Result()
}

// hits returns a row for each text that the cache holds and nil for the others, how many it holds, and when that was. One
// text costs no allocation: the entry lends its own slice of one row.
func (v *view) hits(texts []string, pre key) (rows [][]float32, hits int, at moment) {
	c := v.cache
	l := c.lane()
	l.RLock()
	at = moment{c.age, c.stores.Load()}
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
	l.RUnlock()
	if hits > 0 {
		l.hits.Add(int64(hits))
	}
	if hits < len(texts) {
		l.misses.Add(int64(len(texts) - hits))
	}
	return rows, hits, at
}

// miss asks next and keeps what succeeded.
func (v *view) miss(ctx context.Context, at moment, req embedding.Request) (embedding.Response, error) {
	c := call{v, at}
	res, err := v.next.Embed(recall.With(ctx, &c), req)
	if got := embedding.Salvage(res, err); len(got.Vectors) == len(req.Texts) {
		c.Keep(ctx, req.Task, req.Texts, got.Vectors)
	}
	return res, err
}

// moment is what had happened to the cache when a call looked into it.
type moment struct{ purges, stores uint64 }

// call is one call that missed. It is the recall.Memory of the layers inside.
type call struct {
	view *view
	at   moment
}

func (c *call) Model() embedding.Model { return c.view.model }

func (c *call) Recall(task embedding.Task, text string) []float32 {
	cache := c.view.cache
	if cache.stores.Load() == c.at.stores {
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

func (c *call) Keep(ctx context.Context, task embedding.Task, texts []string, rows [][]float32) {
	lacking := c.view.lacking(task, texts, rows)
	defer c.view.give(ctx, c.at.purges, task, texts, rows, lacking)
	pre, keys := c.view.pre.of(task), c.view.cache.keys
	c.view.cache.keep(c.at.purges, c.view.pre.space, func(yield func(key, []float32) bool) {
		for i, row := range rows {
			if row != nil && !yield(keys.of(pre, texts[i]), row) {
				return
			}
		}
	})
}
