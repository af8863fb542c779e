package cache

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware/internal/gate"
)

// TierStats tell how the Store does, in texts unless said otherwise.
type TierStats struct {
	Hits, Misses int64 // of the texts that were not in memory; not counted while the Store is not asked
	Stored       int64 // vectors that it has taken
	Unstored     int64 // vectors that it has not: it failed, was too slow, or was being spared
	Failures     int64 // calls of it that failed or took longer than StoreTimeout
	Spared       int64 // calls that were not made, because the ones before had failed or a purge was under way
	Unknown      int64 // chains that go without it because their Space is unknown: call embedding.Probe

	ReadErr, WriteErr error // why the last call to read or to write failed; nil when it succeeded
}

// tierBlock is how many texts are asked for in one call of the Store. StoreTimeout is for so many.
const tierBlock = 1024

// tier is a Store that can neither fail a caller nor hold him up for long.
type tier struct {
	Store
	timeout     time.Duration
	read, write direction

	// purging is read-locked by every call. Who cannot have it at once goes without the Store: nobody waits for a purge, and
	// nothing that is being purged gets back into memory.
	purging sync.RWMutex
	closed  bool // guarded by purging

	hits, misses, stored, unstored, unknown atomic.Int64
}

// purge removes what begins with prefix. forget empties memory of the same while nobody uses the Store.
func (t *tier) purge(ctx context.Context, prefix []byte, forget func()) error {
	if t == nil {
		forget()
		return nil
	}
	t.purging.Lock()
	defer t.purging.Unlock()
	forget()
	if err := t.Purge(ctx, prefix); err != nil {
		return fmt.Errorf("cache: the memory is purged, the Store is not: %w", err)
	}
	return nil
}

// direction is reading or writing: a full disk can still be read.
type direction struct {
	gate             gate.Gate
	failures, spared atomic.Int64
	err              atomic.Pointer[error]
}

func (d *direction) lastErr() error {
	if err := d.err.Load(); err != nil {
		return *err
	}
	return nil
}

// of returns the tier for a model's chain: none if its Space is unknown, because what is kept could later pass for another's.
func (t *tier) of(m embedding.Model) *tier {
	if t == nil || m.Space != "" {
		return t
	}
	t.unknown.Add(1)
	return nil
}

// close waits for the calls that are under way.
func (t *tier) close() {
	if t != nil {
		t.purging.Lock()
		defer t.purging.Unlock()
		t.closed = true
	}
}

// call runs do within the time that is left. It returns false where do was not run, did not succeed or ctx ended.
func (t *tier) call(ctx context.Context, d *direction, timeout time.Duration, do func(context.Context) error) bool {
	if !t.purging.TryRLock() {
		d.spared.Add(1)
		return false
	}
	defer t.purging.RUnlock()
	if t.closed {
		return false
	}
	if !d.gate.Enter() {
		d.spared.Add(1)
		return false
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := do(bounded)
	switch {
	case err == nil:
		d.err.Store(nil)
	case ctx.Err() != nil:
		d.gate.Abandon() // the caller left, which says nothing of the Store
		return false
	case timeout < t.timeout && gate.TooShort(err, timeout):
		d.gate.Abandon() // the caller is about to leave
		return false
	default:
		if bounded.Err() != nil {
			err = fmt.Errorf("no answer within %v: %w", timeout, err)
		}
		d.failures.Add(1)
		d.err.Store(&err)
	}
	d.gate.Leave(err)
	return err == nil
}

// get returns what the Store holds of keys. It takes at most half of the time that the caller has, so that a Store which hangs
// leaves enough to ask the provider. A vector of other dimensions than the model's is a miss.
func (t *tier) get(ctx context.Context, keys []Key, dimensions int) [][]float32 {
	rows := make([][]float32, len(keys))
	for at := 0; at < len(keys); at += tierBlock {
		block := rows[at:min(at+tierBlock, len(keys))]
		timeout := t.timeout
		if deadline, ok := ctx.Deadline(); ok {
			timeout = min(timeout, time.Until(deadline)/2)
		}
		answered := t.call(ctx, &t.read, timeout, func(ctx context.Context) error {
			return t.Get(ctx, keys[at:at+len(block)], block)
		})
		hits := 0
		for i, row := range block {
			if len(row) == 0 || dimensions > 0 && len(row) != dimensions {
				block[i] = nil
				continue
			}
			hits++
		}
		t.hits.Add(int64(hits))
		if !answered {
			break
		}
		t.misses.Add(int64(len(block) - hits))
	}
	return rows
}

// set stores rows while they are fresh, which a purge ends. What was paid for is stored although the caller has left.
func (t *tier) set(ctx context.Context, keys []Key, rows [][]float32, fresh func() bool) bool {
	ctx = context.WithoutCancel(ctx)
	for at := 0; at < len(keys); at += tierBlock {
		end := min(at+tierBlock, len(keys))
		stored := 0
		if !t.call(ctx, &t.write, t.timeout, func(ctx context.Context) error {
			if !fresh() {
				return nil
			}
			stored = end - at
			return t.Set(ctx, keys[at:end], rows[at:end])
		}) {
			t.unstored.Add(int64(len(keys) - at))
			return false
		}
		t.stored.Add(int64(stored))
	}
	return true
}

func (t *tier) stats() TierStats {
	if t == nil {
		return TierStats{}
	}
	return TierStats{
		Hits: t.hits.Load(), Misses: t.misses.Load(), Stored: t.stored.Load(), Unstored: t.unstored.Load(),
		Failures: t.read.failures.Load() + t.write.failures.Load(), Spared: t.read.spared.Load() + t.write.spared.Load(),
		Unknown: t.unknown.Load(), ReadErr: t.read.lastErr(), WriteErr: t.write.lastErr(),
	}
}

// second adds what the Store holds of the texts that memory lacks to rows, and keeps it in memory.
func (v *view) second(ctx context.Context, at moment, req embedding.Request, rows [][]float32, hits int) ([][]float32, int) {
	if rows == nil {
		rows = make([][]float32, len(req.Texts))
	}
	missing := make([]int, 0, len(rows)-hits)
	keys := make([]Key, 0, len(rows)-hits)
	sums := newStoreKeys(v.model, req.Task)
	for i, row := range rows {
		if row == nil {
			missing, keys = append(missing, i), append(keys, sums.of(req.Texts[i]))
		}
	}
	before := hits
	for k, row := range v.tier.get(ctx, keys, v.model.Dimensions) {
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

// lacking returns which of the rows are not in memory: those that the Store has not been given either.
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

// give stores the rows idx in the Store, unless what is as old as they are has been purged.
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
