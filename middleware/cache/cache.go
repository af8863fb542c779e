// Package cache remembers vectors in memory, so that a text is paid for once.
//
// Ristretto decides what is admitted and what is evicted. What makes it unreliable by itself is solved around it: a
// vector is visible as soon as Embed has returned, a burst of any size is stored completely as long as it fits, every
// hit is checked against 128 bits of the text's hash, and MaxBytes is what the process really spends.
//
//	c, err := cache.New(cache.Options{})
//	...
//	defer c.Close()
//	e = embedding.Chain(e, c.Wrap, middleware.Standard(middleware.StandardOptions{}))
//
// The cache belongs outside the layers of middleware.Standard: a hit then costs no token, slot or timer, and misses
// are packed densely. One Cache may serve any number of chains: the key is the model's Space and Variant, the Task unless the
// model is Symmetric, and the text. Chains whose Space is unknown share nothing.
package cache

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/vecspace/embedding"
)

// Options of a Cache. The zero value is 256 MiB without expiry.
type Options struct {
	MaxBytes int64         // memory for vectors and their bookkeeping; 0 is 256 MiB, at least 64 KiB
	TTL      time.Duration // how long memory keeps a vector; 0 is until there is no room for it

	// Store is a second tier, asked for what memory lacks and given what the provider answered: both before Embed returns, so
	// that what was paid for is kept when the process is killed. It fails nobody: while it is slow, full or down, the
	// Cache goes on without it, and Stats.Tier says why. It has its own expiry, and who opened it closes it after the Cache.
	Store Store
	// StoreTimeout is how long one call of Store may take, which is for at most 1,024 texts; 0 is 500 ms. After three failures
	// in a row it is not asked for 5 s. Reading takes at most half of the time that the caller's context leaves.
	StoreTimeout time.Duration
}

// Cache is safe for concurrent use, Close included.
type Cache struct {
	store *ristretto.Cache[uint64, *entry]
	keys  keyer
	max   int64
	ttl   time.Duration
	tier  *tier         // nil: none
	chain atomic.Uint64 // numbers the chains whose Space is unknown
	stats counters

	stores atomic.Uint64 // times that something became visible

	lanes [lanes]lane // one is read-locked while the store is used, all are locked to purge or close it
	age   uint64      // counts the purges; guarded by lanes
	end   bool        // closed; guarded by lanes
}

// lanes keep goroutines on several cores from sharing one lock's cache line.
const lanes = 32

type lane struct {
	sync.RWMutex
	hits, misses atomic.Int64
	_            [64]byte
}

// counters of what is rare enough to be counted in one place.
type counters struct{ stored, rejected, evicted atomic.Int64 }

// entry is one vector. It owns its memory: a row cut from a provider's slab would keep the whole slab alive.
type entry struct {
	check uint64 // the second half of the key: ristretto compares only the first
	key   uint64
	space uint64 // hash of the Space, for PurgeSpace
	one   [1][]float32
}

// overhead is what an entry costs beside its vector: the entry itself, ristretto's item and cost maps at their mean
// load, and with a TTL its expiry. TestBytesAreTrue holds it against the heap.
const (
	overhead    = 190
	overheadTTL = 60
)

// New returns an empty Cache. It is an error if an option is negative or MaxBytes below 64 KiB.
func New(o Options) (*Cache, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = 256 << 20
	}
	if o.MaxBytes < 64<<10 {
		return nil, fmt.Errorf("cache: MaxBytes is %d: it must be at least 65536, or 0 for 256 MiB", o.MaxBytes)
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
		// Ten counters for each vector that fits, as ristretto advises, for vectors of 256 dimensions.
		NumCounters:        10 * max(o.MaxBytes/1024, 100),
		MaxCost:            o.MaxBytes,
		BufferItems:        64,
		IgnoreInternalCost: true, // overhead is counted by us
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

// lane returns one of the lanes at random: the same text asked for on two cores must not make them share one.
func (c *Cache) lane() *lane { return &c.lanes[rand.Uint32()%lanes] }

// lookup returns the entry of k, or nil. A vector of another length than the model's is a miss: a Space that a user
// asserts wrongly must not make a wrong answer. The caller holds a lane.
func (c *Cache) lookup(k key, dimensions int) *entry {
	if c.end {
		return nil
	}
	e, ok := c.store.Get(k.lo)
	if !ok || e.check != k.hi || dimensions > 0 && len(e.one[0]) != dimensions {
		return nil
	}
	return e
}

// keep stores rows that were asked for at the given age; what was purged meanwhile stays purged.
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
			continue // a layer inside has kept it already
		}
		stored = true
		e := &entry{check: k.hi, key: k.lo, space: space}
		e.one[0] = append(make([]float32, 0, len(row)), row...)
		cost := int64(4*cap(e.one[0])) + overhead
		if c.ttl > 0 {
			cost += overheadTTL
		}
		// Set fails when ristretto's buffer is full, and Wait empties it.
		for !c.store.SetWithTTL(k.lo, e, cost, c.ttl) {
			c.store.Wait()
		}
		c.stats.stored.Add(1)
	}
	if stored {
		c.store.Wait() // a Set is visible only once ristretto's buffer has been worked off
		c.stores.Add(1)
	}
}

// now returns the age that an answer asked for now will have.
func (c *Cache) now() uint64 {
	l := c.lane()
	l.RLock()
	defer l.RUnlock()
	return c.age
}

// Stats of a Cache, in texts, since it was made. Bytes is what it holds now.
type Stats struct {
	Hits, Misses    int64
	Stored          int64 // vectors given to ristretto
	Rejected        int64 // of those, not admitted: less used than what they would replace, or there already
	Evicted         int64 // dropped for room, age or by a purge
	Bytes, MaxBytes int64
	Tier            TierStats // of the Store; Hits and Misses above are those of memory
}

// Stats returns the counts so far. They are exact when nothing else uses the cache.
func (c *Cache) Stats() Stats {
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

// Purge drops everything, also in the Store, and there what other processes have stored; not what those have in memory.
// Answers to requests that are under way are not kept. An error is the Store's: the memory is purged all the same.
func (c *Cache) Purge(ctx context.Context) error {
	return c.tier.purge(ctx, nil, func() { c.exclusively(c.store.Clear) })
}

// PurgeSpace drops the vectors of one space, for example of a model that was changed by its provider, in the way of Purge.
func (c *Cache) PurgeSpace(ctx context.Context, s embedding.Space) error {
	space := c.keys.space(s)
	return c.tier.purge(ctx, spacePrefix(s), func() { c.exclusively(func() { c.forget(space) }) })
}

// forget drops what memory holds of a space.
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

// Close frees the memory and ends ristretto's goroutines. The Store stays open and is no longer used once Close has
// returned. It may be called more than once.
func (c *Cache) Close() {
	c.tier.close()
	c.exclusively(func() {
		c.store.Close()
		c.end = true
	})
}

// exclusively runs do while nothing else uses the store, and makes what is being embedded too old to be kept.
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
