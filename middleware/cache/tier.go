package cache

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware/internal/gate"
)

// TierStats counts what happened in the [Store].
type TierStats struct {
	Hits, Misses int64 // texts looked up, because they were not in memory; a bad vector is a miss
	Stored       int64 // vectors written
	Unstored     int64 // vectors not written: the Store failed, was too slow or was skipped
	Failures     int64 // calls that failed or took longer than StoreTimeout
	Spared       int64 // calls skipped after failures or during a purge
	// Unknown is how many chains go without the Store now, because their Space is unknown. It falls
	// when the first answer tells a chain the dimensions of its model. A model without a Provider or
	// an ID has no Space unless it gives one.
	Unknown int64

	ReadErr, WriteErr error // error of the last read and of the last write; nil if it succeeded
}

// tierBlock is how many texts one call of the Store is for. StoreTimeout bounds such a call.
const tierBlock = 1024

// tier is a Store that neither fails a caller nor delays one for long.
type tier struct {
	Store
	timeout     time.Duration
	read, write direction

	// purging is read-locked by every call. Calls that cannot take it immediately skip the Store: no
	// caller waits for a purge, and nothing that is being purged gets back into memory.
	purging sync.RWMutex
	closed  bool // guarded by purging

	hits, misses, stored, unstored, unknown atomic.Int64
}

// purge removes the keys that begin with prefix. It calls forget, which does the same to memory,
// while no call uses the Store.
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

// direction is reading or writing. They fail apart: a full disk can still be read.
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

// of returns the tier for a chain of model m. A chain with an unknown Space has none, because
// another chain could take its vectors for its own.
func (t *tier) of(m embedding.Model) *tier {
	if t == nil || m.Space != "" {
		return t
	}
	t.unknown.Add(1)
	return nil
}

// close waits for the calls in flight. Later calls do nothing.
func (t *tier) close() {
	if t != nil {
		t.purging.Lock()
		defer t.purging.Unlock()
		t.closed = true
	}
}

// call runs do for at most timeout. It returns false if do did not run or failed, or if ctx ended.
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
		d.gate.Abandon() // the caller left; the Store may be fine
		return false
	case timeout < t.timeout && gate.TooShort(err, timeout):
		d.gate.Abandon() // the caller left the Store too little time
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

// get returns a row for each key, nil if the Store does not have it or if the guard would not take
// it for the vector of its text. It takes at most half of the caller's time, so that enough is left
// to ask the provider.
func (t *tier) get(ctx context.Context, keys []Key, m embedding.Model, texts []string) [][]float32 {
	rows := make([][]float32, len(keys))
	for at := 0; at < len(keys); at += tierBlock {
		block := rows[at:min(at+tierBlock, len(keys))]
		answered := t.call(ctx, &t.read, t.patience(ctx), func(ctx context.Context) error {
			return t.Get(ctx, keys[at:at+len(block)], block)
		})
		hits := sound(m, texts[at:at+len(block)], block)
		t.hits.Add(int64(hits))
		if !answered {
			break
		}
		t.misses.Add(int64(len(block) - hits))
	}
	return rows
}

// find returns the index of the first key whose vector the Store has, or -1.
func (t *tier) find(ctx context.Context, keys []Key) int {
	for at := 0; at < len(keys); at += tierBlock {
		block := keys[at:min(at+tierBlock, len(keys))]
		rows := make([][]float32, len(block))
		if !t.call(ctx, &t.read, t.patience(ctx), func(ctx context.Context) error { return t.Get(ctx, block, rows) }) {
			return -1
		}
		if i := slices.IndexFunc(rows, func(row []float32) bool { return row != nil }); i >= 0 {
			return at + i
		}
	}
	return -1
}

// patience returns how long a read may take.
func (t *tier) patience(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(t.timeout, time.Until(deadline)/2)
	}
	return t.timeout
}

// set writes rows, as long as they are fresh: a purge makes them stale. It goes on after the
// caller has left, because the rows are paid for.
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
