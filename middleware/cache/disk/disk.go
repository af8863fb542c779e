// Package disk is a second tier of a cache in one file of this machine, on bbolt.
//
//	tier, err := disk.Open("vectors.db", disk.Options{})
//	...
//	defer tier.Close() // after the cache
//	vectors, err := cache.New(cache.Options{Store: tier})
//
// The file survives a restart, kill -9 and a loss of power: Set returns when its vectors are on the disk. One process at a time may
// have it open. A disk that is full is read and no longer written until there is room, which cache.Stats.Tier.WriteErr says. A value
// that is damaged is a miss; a file whose structure is damaged is refused by Open, or by each call once it is found, with its name.
package disk

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/vecspace/embedding/middleware/cache"
)

// Options of a Store. The zero value is 4 GiB without expiry.
type Options struct {
	// MaxBytes is what the vectors may take in the file, which may be a twentieth or 64 MiB larger; 0 is 4 GiB, at least 16 MiB.
	// When it is reached, old ones make room in the order of their keys, which are hashes: at random, as far as texts are
	// concerned. Choosing the longest unused would make each reading a writing.
	MaxBytes int64
	// TTL is how long a vector is kept after it was written; 0 is until there is no room for it.
	TTL time.Duration
}

// Store is a cache.Store. It is safe for concurrent use.
type Store struct {
	path string
	max  int64
	ttl  time.Duration
	db   *bbolt.DB

	jobs   chan *job
	ending chan struct{} // closed by Close
	ended  chan struct{} // closed when the writer has ended
	close  sync.Once

	hand    []byte // where pruning goes on; the writer's
	broken  atomic.Pointer[error]
	damaged atomic.Int64
	pruned  atomic.Int64
}

var _ cache.Store = (*Store)(nil)

// A value in the file is the time of its writing, 4 bytes of seconds since 1970, and what cache.AppendValue makes.
const stamp = 4

// bucket's name is the version of the file's form.
var bucket = []byte("vectors 1")

// Open opens the file, or makes it. It is an error, which names the file, if another process has it open or if it is no file of
// this package or damaged.
func Open(path string, o Options) (*Store, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = 4 << 30
	}
	if o.MaxBytes < 16<<20 {
		return nil, fmt.Errorf("cache/disk: MaxBytes is %d: it must be at least 16777216, or 0 for 4 GiB", o.MaxBytes)
	}
	if o.TTL < 0 {
		return nil, fmt.Errorf("cache/disk: TTL is %v: it must not be negative; 0 keeps vectors until there is no room", o.TTL)
	}
	s := &Store{path: path, max: o.MaxBytes, ttl: o.TTL, jobs: make(chan *job, 64), ending: make(chan struct{}), ended: make(chan struct{})}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.shut())
	}
	go s.write()
	return s, nil
}

func (s *Store) open() (err error) {
	defer s.mend(&err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	s.db, err = bbolt.Open(s.path, 0o600, &bbolt.Options{Timeout: time.Nanosecond, FreelistType: bbolt.FreelistMapType})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("cache/disk: %s is open in another process or Store: give each process a file of its own, or share cache/redis", s.path)
	case err != nil:
		if _, ok := errors.AsType[*os.PathError](err); ok {
			return fmt.Errorf("cache/disk: %w", err) // it names the path
		}
		return s.corrupt(err)
	}
	err = s.db.Update(func(tx *bbolt.Tx) error {
		if first, _ := tx.Cursor().First(); first != nil && tx.Bucket(bucket) == nil {
			return fmt.Errorf("it holds %q and no vectors: give the cache a file of its own", first)
		}
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
	if err != nil {
		return fmt.Errorf("cache/disk: %s: %w", s.path, err)
	}
	return nil
}

// shut closes the file, also a damaged one.
func (s *Store) shut() (err error) {
	if s.db == nil {
		return nil
	}
	defer s.mend(&err)
	return s.db.Close()
}

func (s *Store) corrupt(err any) error {
	return fmt.Errorf("cache/disk: %s is not a file of this cache, or damaged: move it away and open a new one: %v", s.path, err)
}

// mend makes an error of the panics and faults by which bbolt tells of a damaged file. The file is left as it is, and not used again.
func (s *Store) mend(err *error) {
	if p := recover(); p != nil {
		broken := s.corrupt(p)
		s.broken.Store(&broken)
		*err = broken
	}
}

// careful runs do on the file. A page that cannot be read is a panic in it and not the end of the process.
func (s *Store) careful(do func() error) (err error) {
	if broken := s.broken.Load(); broken != nil {
		return *broken
	}
	defer s.mend(&err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if err = do(); err != nil {
		return fmt.Errorf("cache/disk: %s: %w", s.path, err)
	}
	return nil
}

// Get reads what the file holds.
func (s *Store) Get(ctx context.Context, keys []cache.Key, rows [][]float32) error {
	return s.careful(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			oldest := s.oldest()
			b := tx.Bucket(bucket)
			for i := range keys {
				if i%64 == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				value := b.Get(keys[i][:])
				if value == nil || len(value) >= stamp && binary.LittleEndian.Uint32(value) < oldest {
					continue
				}
				row, err := cache.ParseValue(keys[i], value[min(stamp, len(value)):])
				if err != nil {
					s.damaged.Add(1)
					s.discard(keys[i])
					continue
				}
				rows[i] = row
			}
			return ctx.Err()
		})
	})
}

// oldest is the first second whose vectors have not expired.
func (s *Store) oldest() uint32 {
	if s.ttl <= 0 {
		return 0
	}
	return uint32(max(0, time.Now().Add(-s.ttl).Unix()))
}

// Stats of a Store. Damaged and Pruned count since Open.
type Stats struct {
	Vectors  int   // in the file, expired ones included
	Bytes    int64 // that they and their index take
	MaxBytes int64
	File     int64 // size of the file
	Damaged  int64 // values that were found damaged; they were misses and have been removed
	Pruned   int64 // vectors that made room
	Err      error // not nil once the file's structure was found damaged: nothing is read or written any more
}

// Stats looks into the file; it takes time in proportion to it.
func (s *Store) Stats() Stats {
	st := Stats{MaxBytes: s.max, Damaged: s.damaged.Load(), Pruned: s.pruned.Load()}
	st.Err = s.careful(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			st.Vectors = tx.Bucket(bucket).Stats().KeyN
			st.Bytes = s.used(tx)
			info, err := os.Stat(s.path)
			if err == nil {
				st.File = info.Size()
			}
			return err
		})
	})
	return st
}

// used is the part of the file that is not free.
func (s *Store) used(tx *bbolt.Tx) int64 {
	st := s.db.Stats()
	return tx.Size() - int64(st.FreePageN+st.PendingPageN)*int64(s.db.Info().PageSize)
}

// ErrClosed is what a Store answers after Close.
var ErrClosed = errors.New("cache/disk: the Store is closed")

// Close waits for what is being written and closes the file. It may be called more than once.
func (s *Store) Close() (err error) {
	s.close.Do(func() {
		close(s.ending)
		<-s.ended
		err = s.shut()
	})
	return err
}

// start is a random place in the order of the keys.
func start() []byte {
	return binary.LittleEndian.AppendUint64(nil, rand.Uint64())
}
