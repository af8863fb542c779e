package cache

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/vecspace/embedding"
)

// Warm stores vectors that a model like m has embedded earlier for a task, in memory and in the
// Store. rows yields each text with its vector. Warm returns the number of different texts.
//
// It returns an error if m's Space is unknown, or if the guard would not take a vector for its
// text's, because of its dimensions or a NaN for example; the vectors before that one are stored.
// It also returns an error if the Store did not take all vectors; memory has them all the same.
func (c *Cache) Warm(m embedding.Model, task embedding.Task, rows iter.Seq2[string, []float32]) (int, error) {
	if !c.made() {
		return 0, errors.New("cache: Warm: " + unmade)
	}
	if m.Space == "" {
		return 0, errors.New("cache: Warm: the model's Space is unknown: call embedding.Probe first")
	}
	v := &view{cache: c, model: m, pre: c.keys.prefix(m, 0), tier: c.tier.of(m)}
	pre := v.pre.of(task)
	block := make(map[key]warm, warmBlock)
	n, refused := 0, 0
	flush := func() {
		age := c.now()
		c.keep(age, v.pre.space, func(yield func(key, []float32) bool) {
			for k, w := range block {
				if !yield(k, w.row) {
					return
				}
			}
		})
		if v.tier != nil && !v.warm(age, task, block) {
			refused += len(block)
		}
		n += len(block)
		clear(block)
	}
	g := &given{model: m, rows: make([][]float32, 1)}
	guard := embedding.Chain(g) // of all rows, so that they have the same dimensions
	read := 0
	for text, row := range rows {
		g.rows[0] = row
		if _, err := guard.Embed(context.Background(), embedding.Request{Texts: []string{text}}); err != nil {
			flush()
			return n, fmt.Errorf("cache: Warm: vector %d (counted from 0): %w", read, err)
		}
		read++
		block[c.keys.of(pre, text)] = warm{text, row}
		if len(block) == warmBlock {
			flush()
		}
	}
	flush()
	if refused > 0 {
		why := v.tier.write.lastErr()
		if why == nil {
			why = errors.New("it was being purged, or the Cache is closed")
		}
		return n, fmt.Errorf("cache: Warm: the Store did not take %d of %d vectors: %w", refused, n, why)
	}
	return n, nil
}

type warm struct {
	text string
	row  []float32
}

// warmBlock is how many vectors Warm stores at once. It holds no lock while the iterator runs.
const warmBlock = 256

// warm writes a block to the Store.
func (v *view) warm(age uint64, task embedding.Task, block map[key]warm) bool {
	sums := newStoreKeys(v.model, task)
	keys, vectors := make([]Key, 0, len(block)), make([][]float32, 0, len(block))
	for _, w := range block {
		keys, vectors = append(keys, sums.of(w.text)), append(vectors, w.row)
	}
	return v.tier.set(context.Background(), keys, vectors, func() bool { return v.cache.now() == age })
}
