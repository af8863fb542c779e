package disk

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/vecspace/embedding/middleware/cache"
)

// job is one change of the file.
type job struct {
	do   func(*bbolt.Tx) error
	done chan error // buffered; receives the result when the change is on the disk
}

// most is how many jobs share one commit. Jobs that come during a commit wait for the next one
// together, so that many callers cost one sync of the disk.
const most = 64

// write runs in the only goroutine that changes the file.
func (s *Store) write() {
	defer close(s.ended)
	for {
		var batch []*job
		select {
		case j := <-s.jobs:
			batch = append(batch, j)
		case <-s.ending:
			return
		}
		for len(batch) < most {
			select {
			case j := <-s.jobs:
				batch = append(batch, j)
				continue
			default:
			}
			break
		}
		err := s.careful(func() error {
			return s.db.Update(func(tx *bbolt.Tx) error {
				for _, j := range batch {
					if err := j.do(tx); err != nil {
						return err
					}
				}
				return nil
			})
		})
		for _, j := range batch {
			j.done <- err
		}
	}
}

// submit hands a job to the writer and waits for it. If ctx ends first, a job that was handed
// over is done all the same.
func (s *Store) submit(ctx context.Context, do func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{do, make(chan error, 1)}
	select {
	case s.jobs <- j:
	case <-s.ended:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("cache/disk: %s: too many writers wait: %w", s.path, ctx.Err())
	}
	select {
	case err := <-j.done:
		return err
	case <-s.ended:
	case <-ctx.Done():
		return fmt.Errorf("cache/disk: %s: not yet written: %w", s.path, ctx.Err())
	}
	select {
	case err := <-j.done: // it was in the last commit
		return err
	default:
		return ErrClosed
	}
}

// Set returns when the vectors are on the disk. If ctx ends first, it returns an error and they
// may be written later. See [cache.Store].
func (s *Store) Set(ctx context.Context, keys []cache.Key, rows [][]float32) error {
	if len(keys) == 0 {
		return ctx.Err()
	}
	size := 0
	for _, row := range rows {
		size += stamp + 8 + 4*len(row)
	}
	slab := make([]byte, 0, size)
	now := uint32(time.Now().Unix())
	names, values := make([][]byte, len(keys)), make([][]byte, len(keys))
	for i := range keys {
		at := len(slab)
		slab = cache.AppendValue(binary.LittleEndian.AppendUint32(slab, now), keys[i], rows[i])
		values[i] = slab[at:len(slab):len(slab)]
		names[i] = bytes.Clone(keys[i][:]) // bbolt keeps it until the commit, perhaps after this call
	}
	return s.submit(ctx, func(tx *bbolt.Tx) error {
		if err := s.prune(tx, size+len(keys)*len(cache.Key{})); err != nil {
			return err
		}
		b := tx.Bucket(bucket)
		for i, name := range names {
			if err := b.Put(name, values[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// prune makes room for n bytes if there is none. It removes twice as much, so that a file that is
// opened with a smaller MaxBytes than before shrinks. It goes round all keys and continues where
// it stopped.
func (s *Store) prune(tx *bbolt.Tx, n int) error {
	if s.used(tx)+int64(n) <= s.max {
		return nil
	}
	if s.hand == nil {
		s.hand = start()
	}
	c := tx.Bucket(bucket).Cursor()
	turned := false
	var gone []byte
	for room := 2 * n; room > 0; {
		k, v := c.Seek(s.hand)
		progress(gone, k)
		if k == nil {
			if turned {
				return nil // the file is empty
			}
			turned, s.hand = true, []byte{}
			continue
		}
		room -= len(k) + len(v)
		s.hand = append(s.hand[:0:0], k...)
		gone = s.hand
		if err := c.Delete(); err != nil {
			return err
		}
		s.pruned.Add(1)
	}
	return nil
}

// progress panics, as bbolt does on a damaged file, if a removed key is the next one again: where
// the keys of a page are out of order, bbolt finds keys that it cannot remove.
func progress(gone, next []byte) {
	if gone != nil && bytes.Equal(gone, next) {
		panic("its keys are out of order")
	}
}

// discard removes a damaged value when the writer has time, unless it was replaced by then.
func (s *Store) discard(k cache.Key) {
	j := &job{func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		v := b.Get(k[:])
		if v == nil {
			return nil
		}
		if _, err := cache.ParseValue(k, v[min(stamp, len(v)):]); err == nil {
			return nil
		}
		return b.Delete(k[:])
	}, make(chan error, 1)}
	select {
	case s.jobs <- j:
	default: // the next reader of it tries again
	}
}

// purgeBlock is how many vectors one transaction of a purge removes, so that other jobs come in
// between.
const purgeBlock = 4096

// Purge removes the vectors of all keys that begin with prefix. The file keeps its size and uses
// the room again.
func (s *Store) Purge(ctx context.Context, prefix []byte) error {
	prefix = bytes.Clone(prefix)
	for left := true; left; {
		err := s.submit(ctx, func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucket).Cursor()
			var gone []byte
			for range purgeBlock {
				k, _ := c.Seek(prefix)
				progress(gone, k)
				if left = k != nil && bytes.HasPrefix(k, prefix); !left {
					return nil
				}
				gone = append(gone[:0:0], k...)
				if err := c.Delete(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
