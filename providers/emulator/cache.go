package emulator

import (
	"container/list"
	"sync"
)

// cacheKey is everything that an encoded vector depends on.
type cacheKey struct {
	variant
	full   int
	base64 bool
	text   digest
}

// cache keeps encoded vectors within a number of bytes and drops the least recently used first.
type cache struct {
	mu          sync.Mutex
	room, limit int
	entries     map[cacheKey]*list.Element
	order       *list.List // of entry, most recently used in front
}

type cacheEntry struct {
	key     cacheKey
	encoded []byte
}

// entryCost is the approximate overhead of an entry in bytes.
const entryCost = 256

func newCache(limit int) *cache {
	return &cache{room: limit, limit: limit, entries: map[cacheKey]*list.Element{}, order: list.New()}
}

// get returns the encoded vector or nil. Nobody edits it.
func (c *cache) get(k cacheKey) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[k]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(cacheEntry).encoded
}

func (c *cache) put(k cacheKey, encoded []byte) {
	cost := len(encoded) + entryCost
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[k] != nil || cost > c.limit {
		return
	}
	c.entries[k] = c.order.PushFront(cacheEntry{k, encoded})
	c.room -= cost
	for c.room < 0 {
		last := c.order.Back()
		old := c.order.Remove(last).(cacheEntry)
		delete(c.entries, old.key)
		c.room += len(old.encoded) + entryCost
	}
}
