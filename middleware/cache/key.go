package cache

import (
	"hash/maphash"

	"github.com/vecspace/embedding"
)

// key is 128 bits: two hashes of everything that decides the vector of a text.
type key struct{ lo, hi uint64 }

// keyer hashes with two random seeds, so that nobody can craft two texts with the same key.
type keyer struct{ lo, hi maphash.Seed }

func newKeyer() keyer { return keyer{maphash.MakeSeed(), maphash.MakeSeed()} }

// prefix is the model's part of the keys of its texts.
type prefix struct {
	key
	space     uint64
	symmetric bool
}

// prefix returns the prefix of a model. A chain other than 0 tells chains with an unknown Space
// apart.
func (h keyer) prefix(m embedding.Model, chain uint64) prefix {
	type parts struct {
		space   embedding.Space
		variant string
		chain   uint64
	}
	p := parts{m.Space, m.Variant, chain}
	return prefix{key{maphash.Comparable(h.lo, p), maphash.Comparable(h.hi, p)}, h.space(m.Space), m.Symmetric}
}

func (h keyer) space(s embedding.Space) uint64 { return maphash.String(h.lo, string(s)) }

// of returns the prefix with a task.
func (p prefix) of(t embedding.Task) key {
	if p.symmetric {
		return p.key
	}
	// Odd constants spread the task over all bits.
	return key{p.lo ^ (uint64(t)+1)*0x9e3779b97f4a7c15, p.hi ^ (uint64(t)+1)*0x61c8864680b583eb}
}

// of returns the key of a text. Both halves are keyed hashes, so after the XOR with the prefix a
// collision is still as unlikely as with 128 random bits.
func (h keyer) of(pre key, text string) key {
	return key{maphash.String(h.lo, text) ^ pre.lo, maphash.String(h.hi, text) ^ pre.hi}
}
