package static

import (
	_ "embed" // the weights
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math/bits"
	"sync"
	"unicode/utf8"

	"github.com/vecspace/embedding/providers/static/internal/linked"
)

// weights is, in order and little-endian: "vsm2", the numbers of rows and dimensions (uint32), the
// rows, their scales, their inverse document frequencies (a byte each, in any unit; 0 for marks)
// and the vocabulary. The first edition, "vsm1", has no frequencies. A row packs two dimensions
// into a byte, four bits each: dimension 2i is (b & 15) - 8, dimension 2i+1 is (b >> 4) - 8. Both
// are multiplied by the row's scale, an IEEE 754 half. Line k of the vocabulary is the piece of row
// k.
//
//go:embed weights.bin
var weights string

// weightsSHA256 names the Space: vectors of other weights are not comparable.
const weightsSHA256 = "706ceacb97a5341bf59b59b319f37581075df367ffd5cd63067fd672cbdd671a"

// tokenizer is the version of the tokenizer. It is part of the Space too, because another one gives
// the same text other rows.
const tokenizer = 2

// table is the model in memory: the packed rows, straight from the binary, and an index of the
// vocabulary.
type table struct {
	folding
	dimensions int
	rows       string // dimensions/2 bytes a row
	scales     string // two bytes a row
	idf        string // a byte a row; "" in the first edition
	vocab      string
	seed       maphash.Seed
	slots      []slot // open addressing
	longest    int    // code points of the longest piece, "##" included
}

// slot is a piece's place in the index: the position of its text in vocab, without the continuation
// mark, and its row. A free slot has size 0. A slot is 8 bytes, so that a lookup reads the index
// once and the text once.
type slot struct {
	start uint32 // the lowest 24 bits; the other 8 are bits of the hash, so that few texts are compared
	size  uint16 // bytes; the highest bit is set if the piece continues a word
	row   uint16
}

const (
	startBits    = 24
	continuation = 1 << 15
)

// loaded and loadedBase1 build a table once, at the first text: a program that only links the model
// pays nothing.
var (
	loaded      = sync.OnceValue(func() *table { return load(weights, tokenizer) })
	loadedBase1 = sync.OnceValue(func() *table { return load(linked.Base1, 1) })
)

// load reads a table whose texts a version of the tokenizer splits.
func load(weights string, tokenizer int) *table {
	const head = 12
	n := int(binary.LittleEndian.Uint32([]byte(weights[4:8])))
	dims := int(binary.LittleEndian.Uint32([]byte(weights[8:head])))
	scales := head + n*dims/2
	idf := scales + 2*n
	vocab := idf
	if weights[:4] == "vsm2" {
		vocab += n
	}
	if weights[:3] != "vsm" || dims > widest || n > 1<<16 || len(weights) < vocab || len(weights)-vocab >= 1<<startBits {
		panic(fmt.Sprintf("static: weights.bin is damaged: %d bytes, %d rows of %d dimensions", len(weights), n, dims))
	}
	t := &table{
		folding:    foldings(tokenizer),
		dimensions: dims,
		rows:       weights[head:scales],
		scales:     weights[scales:idf],
		idf:        weights[idf:vocab],
		vocab:      weights[vocab:],
		seed:       maphash.MakeSeed(),
		slots:      make([]slot, 1<<bits.Len(uint(2*n))),
	}
	pieces, start := 0, 0
	for i := 0; i <= len(t.vocab); i++ {
		if i < len(t.vocab) && t.vocab[i] != '\n' {
			continue
		}
		t.longest = max(t.longest, utf8.RuneCountInString(t.vocab[start:i]))
		t.insert(start, i, pieces)
		start = i + 1
		pieces++
	}
	if pieces != n {
		panic(fmt.Sprintf("static: weights.bin is damaged: %d pieces for %d rows", pieces, n))
	}
	return t
}

// A piece that continues a word is spelled with this in front.
const continued = "##"

// place returns where the search for a piece begins, and the tag in the high bits of its slot's
// start. Continuations are hashed without their mark, so that a lookup copies nothing.
func (t *table) place(hash uint64, cont bool) (at, tag uint32) {
	if cont {
		hash ^= 0x9e3779b97f4a7c15
	}
	return uint32(hash) & uint32(len(t.slots)-1), uint32(hash>>56) << startBits
}

func (t *table) insert(start, end, row int) {
	cont := end-start > len(continued) && t.vocab[start:start+len(continued)] == continued
	size := uint16(end - start)
	if cont {
		start += len(continued)
		size = uint16(end-start) | continuation
	}
	at, tag := t.place(maphash.String(t.seed, t.vocab[start:end]), cont)
	for t.slots[at].size != 0 {
		at = (at + 1) & uint32(len(t.slots)-1)
	}
	t.slots[at] = slot{uint32(start) | tag, size, uint16(row)}
}

// find returns the row of a piece, given without the mark of a continuation, or -1.
func (t *table) find(body []byte, cont bool) int {
	at, tag := t.place(maphash.Bytes(t.seed, body), cont)
	size := uint16(len(body)) // pieces are far shorter than 1<<15, and longestMatch looks up no longer text
	if cont {
		size |= continuation
	}
	for slots := t.slots; at < uint32(len(slots)); at = (at + 1) & uint32(len(slots)-1) {
		s := slots[at]
		if s.size == 0 {
			break
		}
		if s.size == size && s.start>>startBits<<startBits == tag {
			if start := s.start & (1<<startBits - 1); t.vocab[start:int(start)+len(body)] == string(body) {
				return int(s.row)
			}
		}
	}
	return -1
}

// Rows are summed as integers, two dimensions in each 64-bit word. The sum is exact and fast. Four
// bits times a scale below 2^20 let 256 rows fit a 32-bit lane.
const (
	lanes   = 0x0000000F0000000F
	fullest = 256 // rows
	widest  = 256 // dimensions
)

// sum adds the sum of rows to v; len(v) must be a multiple of 64.
func (t *table) sum(v []float32, rows []int) {
	if !t.sumFast(v, rows) {
		t.sumPlain(v, rows)
	}
}

func (t *table) sumPlain(v []float32, rows []int) {
	var acc [widest / 2]uint64
	for len(rows) > 0 {
		part := rows[:min(len(rows), fullest)]
		rows = rows[len(part):]
		words := acc[:len(v)/2]
		clear(words)
		offset := uint64(0) // four bits stand for -8 to 7
		for len(part) >= 2 {
			s0, s1 := t.scale(part[0]), t.scale(part[1])
			offset += 8 * (s0 + s1)
			t.add2(words, part[0], part[1], s0, s1)
			part = part[2:]
		}
		if len(part) == 1 {
			s0 := t.scale(part[0])
			offset += 8 * s0
			t.add2(words, part[0], part[0], s0, 0)
		}
		base := int32(offset) // lanes are taken as int32 too: modulo 2^32 the difference is right
		for j := 0; j+8 <= len(words) && 2*j+16 <= len(v); j += 8 {
			w, out := words[j:j+8:j+8], v[2*j:2*j+16:2*j+16]
			for k := range 8 {
				out[k] += float32(int32(w[k]) - base)
				out[k+8] += float32(int32(w[k]>>32) - base)
			}
		}
	}
}

// add2 adds two rows to acc. For each 16 dimensions, word k holds dimensions k and k+8.
func (t *table) add2(acc []uint64, row0, row1 int, s0, s1 uint64) {
	a := t.rows[row0*t.dimensions/2:][:len(acc)]
	b := t.rows[row1*t.dimensions/2:][:len(acc)]
	for len(acc) >= 8 && len(a) >= 8 && len(b) >= 8 {
		x, y := word(a), word(b)
		acc[0] += x&lanes*s0 + y&lanes*s1
		acc[1] += x>>4&lanes*s0 + y>>4&lanes*s1
		acc[2] += x>>8&lanes*s0 + y>>8&lanes*s1
		acc[3] += x>>12&lanes*s0 + y>>12&lanes*s1
		acc[4] += x>>16&lanes*s0 + y>>16&lanes*s1
		acc[5] += x>>20&lanes*s0 + y>>20&lanes*s1
		acc[6] += x>>24&lanes*s0 + y>>24&lanes*s1
		acc[7] += x>>28&lanes*s0 + y>>28&lanes*s1
		acc, a, b = acc[8:], a[8:], b[8:]
	}
}

// scale returns a row's scale in units of 2^-12; every scale is a multiple of that. The vectors are
// normalized, so the unit cancels out. An IEEE 754 half has ten bits of mantissa and the exponent
// above them.
func (t *table) scale(row int) uint64 {
	h := uint64(t.scales[2*row]) | uint64(t.scales[2*row+1])<<8
	return (h&1023 | 1024) << (h >> 10) >> 13
}

// word returns the first eight bytes of s, little-endian; the compiler makes it one load.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
