// Package disk keeps the second tier of a cache in one local file, with bbolt.
//
//	tier, err := disk.Open("vectors.db", disk.Options{})
//	...
//	defer tier.Close() // after the cache
//	vectors, err := cache.New(cache.Options{Store: tier})
//
// The file survives a restart, kill -9 and a loss of power: [Store.Set] returns when its vectors
// are on the disk. Only one process at a time can open it. While the disk is full, the Store is
// read but not written, and cache.Stats.Tier.WriteErr says so. A damaged value is a miss. [Open]
// checks the structure of the file, which takes about 0.3 s for each GB that the system has in
// memory (BenchmarkOpen), and fails if it is damaged. If damage is found later, each call after
// that fails. The error names the file.
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

// Options are options of a [Store]. The zero value is 4 GiB without expiry.
type Options struct {
	// MaxBytes limits the size of the vectors in the file; 0 means 4 GiB, the minimum is 16 MiB. The
	// file may be larger by a twentieth or 64 MiB. At the limit, random vectors make room for new
	// ones: choosing the least recently used would turn each read into a write.
	MaxBytes int64
	// TTL is how long a vector is kept after it was written; 0 means until there is no room for it.
	TTL time.Duration
}

// Store is a [cache.Store] in a file. It is safe for concurrent use.
type Store struct {
	path string
	max  int64
	ttl  time.Duration
	db   *bbolt.DB

	jobs   chan *job
	ending chan struct{} // closed by Close
	ended  chan struct{} // closed by the writer at its end
	close  sync.Once

	hand    []byte // the key where pruning continues; only the writer uses it
	broken  atomic.Pointer[error]
	damaged atomic.Int64
	pruned  atomic.Int64
}

var _ cache.Store = (*Store)(nil)

// A value in the file is the time when it was written (seconds since 1970, 4 bytes) and the
// result of cache.AppendValue. stamp is the size of the time.
const stamp = 4

// bucket has the version of the file's format in its name.
var bucket = []byte("vectors 1")

// Open opens or creates the file. It returns an error, which names the file, if another process
// has it open, if it is damaged, or if it is not a file of this package.
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
	o := bbolt.Options{Timeout: time.Nanosecond, FreelistType: bbolt.FreelistMapType}
	if err = checkFile(s.path, o); err == nil {
		s.db, err = bbolt.Open(s.path, 0o600, &o)
	}
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

// shut closes the file, even if it is damaged.
func (s *Store) shut() (err error) {
	if s.db == nil {
		return nil
	}
	defer s.mend(&err)
	return s.db.Close()
}

func (s *Store) corrupt(err any) error {
	return fmt.Errorf("cache/disk: %s is damaged or not a file of this cache: move it away and open a new one: %v", s.path, err)
}

// mend turns a panic into an error: bbolt panics, or faults, on a damaged file. The file stays as
// it is and is not used again.
func (s *Store) mend(err *error) {
	if p := recover(); p != nil {
		broken := s.corrupt(p)
		s.broken.Store(&broken)
		*err = broken
	}
}

// careful runs do on the file. A page that cannot be read then makes a panic instead of ending
// the process, and mend an error of that.
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

// Get reads the vectors that the file has. See [cache.Store].
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

// oldest returns the first second whose vectors did not expire yet.
func (s *Store) oldest() uint32 {
	if s.ttl <= 0 {
		return 0
	}
	return uint32(max(0, time.Now().Add(-s.ttl).Unix()))
}

// Stats describes a [Store]. Damaged and Pruned count since [Open].
type Stats struct {
	Vectors  int   // vectors in the file, expired ones included
	Bytes    int64 // size of the vectors and their index
	MaxBytes int64
	File     int64 // size of the file, in bytes
	Damaged  int64 // values found damaged; they were misses and were removed
	Pruned   int64 // vectors removed to make room
	Err      error // not nil if the file's structure is damaged; all calls then fail
}

// Stats reads the whole file, so its time grows with the file.
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

// used returns the size of the file without its free pages.
func (s *Store) used(tx *bbolt.Tx) int64 {
	st := s.db.Stats()
	return tx.Size() - int64(st.FreePageN+st.PendingPageN)*int64(s.db.Info().PageSize)
}

// ErrClosed is the error of a call after [Store.Close].
var ErrClosed = errors.New("cache/disk: the Store is closed")

// Close waits for writes in flight and closes the file. It may be called more than once.
func (s *Store) Close() (err error) {
	s.close.Do(func() {
		close(s.ending)
		<-s.ended
		err = s.shut()
	})
	return err
}

// start returns a random place in the order of the keys.
func start() []byte {
	return binary.LittleEndian.AppendUint64(nil, rand.Uint64())
}
