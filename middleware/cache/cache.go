// Package cache keeps vectors in memory, so that a text is paid for once.
//
// A [Cache] is built on ristretto, which decides what to admit and what to evict. Around it, the
// package makes sure that a vector is visible when Embed returns, that a burst of any size is
// stored if it fits, that every hit matches 128 bits of the text's hash, and that MaxBytes is the
// memory really used.
//
//	c, err := cache.New(cache.Options{})
//	...
//	defer c.Close()
//	e = embedding.Chain(e, c.Wrap, middleware.Standard(middleware.StandardOptions{}))
//
// The cache belongs outside the layers of middleware.Standard: a hit then costs no token, slot or
// timer, and misses are packed densely. One Cache may serve any number of chains. The key is the
// model's Space and Variant, the Task unless the model is Symmetric, and the text. Chains with an
// unknown Space share nothing; see [Cache.Wrap] for how a chain with a [Store] learns its Space.
//
// A [Store] is a second tier that outlives the process or is shared by several. Packages
// cache/disk and cache/redis have one each.
package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/vecspace/embedding"
)

// Options are options of a [Cache]. The zero value is 256 MiB without expiry.
type Options struct {
	// MaxBytes limits the memory for vectors and their bookkeeping; 0 means 256 MiB, the minimum is
	// 64 KiB and the maximum 1 TiB.
	MaxBytes int64
	// TTL is how long memory keeps a vector; 0 means until there is no room for it.
	TTL time.Duration

	// Store is a second tier; it may be nil. The Cache reads what memory lacks from it and writes what
	// the provider answers to it, both before Embed returns, so that a killed process loses nothing
	// that Embed has returned. A failing Store never fails a call: while it is slow, full or down, the
	// Cache goes on without it and Stats.Tier says why. Vectors of an earlier edition of the model do
	// fail calls: see [Cache.Wrap]. A Store has its own expiry. Close it yourself, after the Cache.
	Store Store
	// StoreTimeout is how long one call of Store, for at most 1,024 texts, may take; 0 means 500 ms.
	// A read takes at most half of the time that the caller's context has left. After three failures
	// in a row the Store is skipped for 5 s.
	StoreTimeout time.Duration
}

// Cache is a cache of vectors in memory. It is safe for concurrent use, Close included.
type Cache struct {
	store *ristretto.Cache[uint64, *entry]
	keys  keyer
	max   int64
	ttl   time.Duration
	tier  *tier         // may be nil
	chain atomic.Uint64 // counts the chains with an unknown Space
	known sync.Map      // the spaces of all other chains
	stats counters

	stores atomic.Uint64 // counts how often vectors became visible

	lanes [lanes]lane // a user of the store read-locks one; a purge and Close lock all
	age   uint64      // counts the purges; guarded by lanes
	end   bool        // set by Close; guarded by lanes
}

// lanes is the number of locks, so that goroutines on several cores do not share one cache line.
const lanes = 32

type lane struct {
	sync.RWMutex
	hits, misses atomic.Int64
	_            [64]byte
}

// counters count events that are rare enough for one place.
type counters struct{ stored, rejected, evicted atomic.Int64 }

// entry is one vector. It has its own memory, because a row of a provider's slab would keep the
// whole slab alive.
type entry struct {
	check uint64 // the second half of the key; ristretto compares only the first
	key   uint64
	space uint64 // hash of the Space, for PurgeSpace
	row   []float32
}

// rows returns an answer of one row. Its slice is the caller's own, who may replace the row in it.
func (e *entry) rows() [][]float32 { return [][]float32{e.row} }

// overhead is the memory of an entry without its vector: the entry itself, its part of
// ristretto's item and cost maps at their mean load, and with a TTL its expiry. TestBytesAreTrue
// compares it with the heap.
const (
	overhead    = 190
	overheadTTL = 60
)

// maxCounters bounds ristretto's counters, which MaxBytes does not include: they take 320 MB.
const maxCounters = 1 << 26

// New returns an empty Cache. It returns an error if an option is negative or MaxBytes is out of
// its range.
func New(o Options) (*Cache, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = 256 << 20
	}
	if o.MaxBytes < 64<<10 {
		return nil, fmt.Errorf("cache: MaxBytes is %d: it must be at least 65536, or 0 for 256 MiB", o.MaxBytes)
	}
	if o.MaxBytes > 1<<40 {
		return nil, fmt.Errorf("cache: MaxBytes is %d: it must be at most 1099511627776, which is 1 TiB", o.MaxBytes)
	}
	if o.TTL < 0 {
		return nil, fmt.Errorf("cache: TTL is %v: it must not be negative; 0 keeps vectors until there is no room", o.TTL)
	}
	if o.StoreTimeout < 0 {
		return nil, fmt.Errorf("cache: StoreTimeout is %v: it must not be negative; 0 is 500 ms", o.StoreTimeout)
	}
	c := &Cache{keys: newKeyer(), max: o.MaxBytes, ttl: o.TTL}
	if o.Store != nil {
		c.tier = &tier{Store: o.Store, timeout: cmp.Or(o.StoreTimeout, 500*time.Millisecond)}
	}
	store, err := ristretto.NewCache(&ristretto.Config[uint64, *entry]{
		// Ristretto recommends ten counters per item. This is for vectors of 256 dimensions.
		NumCounters:        min(10*max(o.MaxBytes/1024, 100), maxCounters),
		MaxCost:            o.MaxBytes,
		BufferItems:        64,
		IgnoreInternalCost: true, // overhead covers it
		KeyToHash:          func(key uint64) (uint64, uint64) { return key, 0 },
		OnEvict:            func(*ristretto.Item[*entry]) { c.stats.evicted.Add(1) },
		OnReject:           func(*ristretto.Item[*entry]) { c.stats.rejected.Add(1) },
	})
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	c.store = store
	return c, nil
}

// unmade says what is wrong with a Cache that New has not made.
const unmade = "the Cache was not made by cache.New: call it and use what it returns"

// made reports whether New has made the Cache.
func (c *Cache) made() bool { return c != nil && c.store != nil }

// lane returns a random lane, so that cores that ask for the same text do not share one.
func (c *Cache) lane() *lane { return &c.lanes[rand.Uint32()%lanes] }

// lookup returns the entry of k, or nil. A vector with other dimensions is a miss, so that a
// Space which a user asserts wrongly does not make a wrong answer. The caller holds a lane.
func (c *Cache) lookup(k key, dimensions int) *entry {
	if c.end {
		return nil
	}
	e, ok := c.store.Get(k.lo)
	if !ok || e.check != k.hi || dimensions > 0 && len(e.row) != dimensions {
		return nil
	}
	return e
}

// keep stores rows that were requested at the given age. If there was a purge since, it does
// nothing.
func (c *Cache) keep(age, space uint64, rows iter.Seq2[key, []float32]) {
	l := c.lane()
	l.RLock()
	defer l.RUnlock()
	if c.end || c.age != age {
		return
	}
	stored := false
	for k, row := range rows {
		if c.lookup(k, len(row)) != nil {
			continue // a layer inside has already kept it
		}
		stored = true
		e := &entry{check: k.hi, key: k.lo, space: space, row: append(make([]float32, 0, len(row)), row...)}
		cost := int64(4*cap(e.row)) + overhead
		if c.ttl > 0 {
			cost += overheadTTL
		}
		// SetWithTTL fails if ristretto's buffer is full, and Wait empties it.
		for !c.store.SetWithTTL(k.lo, e, cost, c.ttl) {
			c.store.Wait()
		}
		c.stats.stored.Add(1)
	}
	if stored {
		c.store.Wait() // entries become visible when ristretto has worked off its buffer
		c.stores.Add(1)
	}
}

// now returns the age of an answer that is requested now.
func (c *Cache) now() uint64 {
	l := c.lane()
	l.RLock()
	defer l.RUnlock()
	return c.age
}

// Stats counts what a [Cache] did since it was made.
type Stats struct {
	Hits, Misses    int64     // texts looked up in memory
	Stored          int64     // vectors given to ristretto
	Rejected        int64     // vectors that ristretto did not admit
	Evicted         int64     // vectors dropped for room, by age or by a purge
	Bytes, MaxBytes int64     // memory in use now, and its limit
	Tier            TierStats // of the Store
}

// Stats returns the counts so far. They are exact while no call uses the cache.
func (c *Cache) Stats() Stats {
	if !c.made() {
		return Stats{}
	}
	s := Stats{Stored: c.stats.stored.Load(), Rejected: c.stats.rejected.Load(), Evicted: c.stats.evicted.Load(), MaxBytes: c.max, Tier: c.tier.stats()}
	for i := range c.lanes {
		s.Hits += c.lanes[i].hits.Load()
		s.Misses += c.lanes[i].misses.Load()
	}
	l := c.lane()
	l.RLock()
	defer l.RUnlock()
	if !c.end {
		s.Bytes = c.max - c.store.RemainingCost()
	}
	return s
}

// Purge drops all vectors from memory and from the Store, including those that other processes
// have written there; it does not reach the memory of other processes. Answers to requests in
// flight are not kept. An error comes from the Store: memory is purged all the same.
func (c *Cache) Purge(ctx context.Context) error {
	if !c.made() {
		return errors.New("cache: Purge: " + unmade)
	}
	return c.tier.purge(ctx, nil, func() { c.exclusively(c.store.Clear) })
}

// PurgeSpace is Purge for the vectors of one space, for example of a model that its provider has
// changed.
func (c *Cache) PurgeSpace(ctx context.Context, s embedding.Space) error {
	if !c.made() {
		return errors.New("cache: PurgeSpace: " + unmade)
	}
	space := c.keys.space(s)
	return c.tier.purge(ctx, spacePrefix(s), func() { c.exclusively(func() { c.forget(space) }) })
}

// forget drops the vectors of a space from memory.
func (c *Cache) forget(space uint64) {
	var doomed []uint64
	c.store.IterValues(func(e *entry) (stop bool) {
		if e.space == space {
			doomed = append(doomed, e.key)
		}
		return false
	})
	for _, key := range doomed {
		c.store.Del(key)
	}
	c.stats.evicted.Add(int64(len(doomed)))
	c.store.Wait()
}

// Close frees the memory and ends ristretto's goroutines. The Store stays open, but no call uses
// it after Close returns. Close may be called more than once.
func (c *Cache) Close() {
	if !c.made() {
		return
	}
	c.tier.close()
	c.exclusively(func() {
		c.store.Close()
		c.end = true
	})
}

// exclusively runs do while no call uses the store, and invalidates answers still in flight.
func (c *Cache) exclusively(do func()) {
	for i := range c.lanes {
		c.lanes[i].Lock()
		defer c.lanes[i].Unlock()
	}
	if !c.end {
		c.age++
		do()
	}
}
