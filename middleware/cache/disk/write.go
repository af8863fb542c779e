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
	done chan error // of one; receives when the change is on the disk
}

// most is how many jobs share one commit. Those that come while one is being made wait for the next together, so that many
// callers cost one sync of the disk.
const most = 64

// write is the goroutine that alone changes the file.
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

// submit hands a job to the writer and waits for it. When ctx ends first, a job that was handed over is done all the same.
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
	case err := <-j.done: // by the writer's last commit
		return err
	default:
		return ErrClosed
	}
}

// Set returns when all are on the disk. Where ctx ends first, they are written nevertheless.
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
		names[i] = bytes.Clone(keys[i][:]) // bbolt keeps it until the commit, which may be after this call
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

// prune makes room for n bytes where there is none, by twice as much, so that a file that was opened with a smaller MaxBytes than
// before shrinks to it. It goes on where the last one has ended, through all keys in their order.
func (s *Store) prune(tx *bbolt.Tx, n int) error {
	if s.used(tx)+int64(n) <= s.max {
		return nil
	}
	if s.hand == nil {
		s.hand = start()
	}
	c := tx.Bucket(bucket).Cursor()
	turned := false
	for room := 2 * n; room > 0; {
		k, v := c.Seek(s.hand)
		if k == nil {
			if turned {
				return nil // everything is gone
			}
			turned, s.hand = true, []byte{}
			continue
		}
		room -= len(k) + len(v)
		s.hand = append(s.hand[:0:0], k...)
		if err := c.Delete(); err != nil {
			return err
		}
		s.pruned.Add(1)
	}
	return nil
}

// discard removes a damaged value when the writer has time, unless it has been replaced by then.
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
	default: // the next reader finds it again
	}
}

// purgeBlock is how many vectors one transaction of a purge removes: others may write in between.
const purgeBlock = 4096

// Purge removes what begins with prefix. The file keeps its size, and the room is used again.
func (s *Store) Purge(ctx context.Context, prefix []byte) error {
	prefix = bytes.Clone(prefix)
	for left := true; left; {
		err := s.submit(ctx, func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucket).Cursor()
			for range purgeBlock {
				k, _ := c.Seek(prefix)
				if left = k != nil && bytes.HasPrefix(k, prefix); !left {
					return nil
				}
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
