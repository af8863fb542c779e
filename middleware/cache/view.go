package cache

import (
	"context"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/recall"
	"github.com/vecspace/embedding/internal/spaces"
)

// Wrap is an [embedding.Middleware]. The cache keeps each vector that next returns, those in an
// [embedding.PartialError] too, and never keeps a failure. After Close the chain works without a
// cache. Wrap panics if the Cache was not made by [New].
//
// If the model's dimensions are unknown and there is a Store, the first call embeds its first text
// alone: the dimensions of that answer give the Space, and with it the Store's keys. Behind
// [embedding.Probe], a long call's vectors are stored as they come and not at its end.
//
// If the Store has a text only from an earlier edition of the model, which is in another Space,
// Embed fails: the error's Kind is Invalid, and it says how to keep the vectors and how to part
// with them. A Cache that has wrapped both editions serves both.
func (c *Cache) Wrap(next embedding.Embedder) embedding.Embedder {
	if !c.made() {
		panic("cache: Wrap: " + unmade)
	}
	next = embedding.Chain(next)
	m := next.Model()
	if c.tier != nil && learnable(m) {
		c.tier.unknown.Add(1)
		l := &learner{cache: c, next: next, model: m, turn: make(chan struct{}, 1), tried: make(chan struct{})}
		return embedding.Wrap(next, m, l.embed)
	}
	return c.view(next, m).wrap()
}

// view returns the cache as a chain of model m sees it.
func (c *Cache) view(next embedding.Embedder, m embedding.Model) *view {
	v := &view{cache: c, next: next, model: m, pre: c.keys.prefix(m, 0)}
	if m.Space == "" {
		v.pre = c.keys.prefix(m, c.chain.Add(1))
	}
	v.tier = c.tier.of(m)
	c.known.Store(m.Space, true)
	v.former = spaces.Former(m)
	return v
}

func (v *view) wrap() embedding.Embedder {
	// A function and not a method of v: a method costs a hit another copy of its result.
	return embedding.Wrap(v.next, v.model, func(ctx context.Context, req embedding.Request) (res embedding.Response, err error) {
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

// view is the cache of one chain.
type view struct {
	cache *Cache
	next  embedding.Embedder
	model embedding.Model
	pre   prefix
	tier  *tier // may be nil

	former []embedding.Space // of earlier editions of the model
}

// misses asks the Store, and then next, for the texts without a row.
func (v *view) misses(ctx context.Context, req embedding.Request, rows [][]float32, hits int, at moment) (embedding.Response, error) {
	if v.tier != nil {
		rows, hits = v.second(ctx, at, req, rows, hits)
		if hits == len(req.Texts) {
			return embedding.Response{Vectors: rows, Usage: embedding.Usage{Reused: hits}}, nil
		}
		if err := ctx.Err(); err != nil {
			return embedding.Response{}, err
		}
		if err := v.earlier(ctx, req, rows); err != nil {
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

// hits returns the rows that memory has, nil for the other texts, with the number of hits and the
// moment. The slice of rows is the caller's own, who may replace rows in it.
func (v *view) hits(texts []string, pre key) (rows [][]float32, hits int, at moment) {
	c := v.cache
	l := c.lane()
	l.RLock()
	at = moment{c.age, c.stores.Load()}
	if len(texts) == 1 {
		if e := c.lookup(c.keys.of(pre, texts[0]), v.model.Dimensions); e != nil {
			rows, hits = e.rows(), 1
		}
	} else {
		rows = make([][]float32, len(texts))
		for i, text := range texts {
			if e := c.lookup(c.keys.of(pre, text), v.model.Dimensions); e != nil {
				rows[i] = e.row
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

// miss asks next and keeps the vectors.
func (v *view) miss(ctx context.Context, at moment, req embedding.Request) (embedding.Response, error) {
	c := call{v, at}
	res, err := v.next.Embed(recall.With(ctx, &c), req)
	if got := embedding.Salvage(res, err); len(got.Vectors) == len(req.Texts) {
		c.Keep(ctx, req.Task, req.Texts, got.Vectors)
	}
	return res, err
}

// second looks up the missing rows in the Store and keeps what it finds in memory. It returns all
// rows and the number of hits.
func (v *view) second(ctx context.Context, at moment, req embedding.Request, rows [][]float32, hits int) ([][]float32, int) {
	if rows == nil {
		rows = make([][]float32, len(req.Texts))
	}
	missing := make([]int, 0, len(rows)-hits)
	keys := make([]Key, 0, len(rows)-hits)
	texts := make([]string, 0, len(rows)-hits)
	sums := newStoreKeys(v.model, req.Task)
	for i, row := range rows {
		if row == nil {
			missing, keys, texts = append(missing, i), append(keys, sums.of(req.Texts[i])), append(texts, req.Texts[i])
		}
	}
	before := hits
	for k, row := range v.tier.get(ctx, keys, v.model, texts) {
		if row != nil {
			rows[missing[k]] = row
			hits++
		}
	}
	if hits > before {
		pre, memory := v.pre.of(req.Task), v.cache.keys
		v.cache.keep(at.purges, v.pre.space, func(yield func(key, []float32) bool) {
			for _, i := range missing {
				if rows[i] != nil && !yield(memory.of(pre, req.Texts[i]), rows[i]) {
					return
				}
			}
		})
	}
	return rows, hits
}

// earlier returns an error if the Store has a missing text from an earlier edition of the model. To
// embed it anew without a word would hide that the user's other vectors are of that edition too.
func (v *view) earlier(ctx context.Context, req embedding.Request, rows [][]float32) error {
	var keys []Key
	var from []embedding.Space // of each key
	for _, space := range v.former {
		if _, both := v.cache.known.Load(space); both {
			continue
		}
		old := v.model
		old.Space = space
		sums := newStoreKeys(old, req.Task)
		for i, row := range rows {
			if row == nil {
				keys, from = append(keys, sums.of(req.Texts[i])), append(from, space)
			}
		}
	}
	if at := v.tier.find(ctx, keys); at >= 0 {
		return v.model.Errorf(embedding.Invalid, "the cache's Store holds vectors of the space %s, and the model makes %s%s; "+
			"or give the cache another Store, or purge these vectors (Cache.PurgeSpace)", from[at], v.model.Space, spaces.Keep(v.model, from[at]))
	}
	return nil
}

// lacking returns the indexes of the rows that are not in memory. The Store does not have them
// either.
func (v *view) lacking(task embedding.Task, texts []string, rows [][]float32) (idx []int) {
	if v.tier == nil {
		return nil
	}
	pre, c := v.pre.of(task), v.cache
	l := c.lane()
	l.RLock()
	defer l.RUnlock()
	for i, row := range rows {
		if row != nil && c.lookup(c.keys.of(pre, texts[i]), len(row)) == nil {
			idx = append(idx, i)
		}
	}
	return idx
}

// give writes the rows idx to the Store, unless a purge has happened since age.
func (v *view) give(ctx context.Context, age uint64, task embedding.Task, texts []string, rows [][]float32, idx []int) {
	if len(idx) == 0 {
		return
	}
	sums := newStoreKeys(v.model, task)
	keys, vectors := make([]Key, len(idx)), make([][]float32, len(idx))
	for k, i := range idx {
		keys[k], vectors[k] = sums.of(texts[i]), rows[i]
	}
	v.tier.set(ctx, keys, vectors, func() bool { return v.cache.now() == age })
}

// moment is the state of the cache when a call looked into it.
type moment struct{ purges, stores uint64 }

// call is a call that missed. It is the [recall.Memory] of the layers inside.
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
		return e.row
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
