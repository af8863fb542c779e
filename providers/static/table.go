package static

import (
	_ "embed" // the weights
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"sync"
	"unicode/utf8"
)

// weights is "vsm1", the number of rows and of dimensions (uint32), the rows, their scales and the vocabulary, all
// little-endian. A row holds two dimensions a byte, each four bits: dimension 2i is (b & 15) - 8, dimension 2i+1 is
// (b >> 4) - 8, times the row's scale, an IEEE 754 half. Line k of the vocabulary is the piece of row k.
//
//go:embed weights.bin
var weights string

// weightsSHA256 names the space: vectors of other weights are not comparable.
const weightsSHA256 = "9680046aa9f054fed749787ec4a7ae6058d18cdec47b7dd6149eff53a3a6447d"

// table is the model in memory: the packed rows as they lie in the binary, and an index of the vocabulary.
type table struct {
	dimensions int
	rows       string // dimensions/2 bytes a row
	scales     string // two bytes a row
	vocab      string
	ends       []uint32 // of each piece in vocab
	seed       maphash.Seed
	slots      []uint32 // open addressing: row+1, 0 is free
	longest    int      // code points of the longest piece, "##" included
}

// loaded is built once, when the first text comes: a program that only links the model pays nothing.
var loaded = sync.OnceValue(load)

func load() *table {
	const head = 12
	n := int(binary.LittleEndian.Uint32([]byte(weights[4:8])))
	dims := int(binary.LittleEndian.Uint32([]byte(weights[8:head])))
	scales := head + n*dims/2
	if weights[:4] != "vsm1" || dims > widest || len(weights) < scales+2*n {
		panic(fmt.Sprintf("static: weights.bin is damaged: %d bytes, %d rows of %d dimensions", len(weights), n, dims))
	}
	t := &table{
		dimensions: dims,
		rows:       weights[head:scales],
		scales:     weights[scales : scales+2*n],
		vocab:      weights[scales+2*n:],
		ends:       make([]uint32, 0, n),
		seed:       maphash.MakeSeed(),
		slots:      make([]uint32, 1<<bits.Len(uint(2*n))),
	}
	start := 0
	for i := 0; i <= len(t.vocab); i++ {
		if i < len(t.vocab) && t.vocab[i] != '\n' {
			continue
		}
		piece := t.vocab[start:i]
		t.longest = max(t.longest, utf8.RuneCountInString(piece))
		t.ends = append(t.ends, uint32(i))
		t.insert(piece, uint32(len(t.ends)))
		start = i + 1
	}
	if len(t.ends) != n {
		panic(fmt.Sprintf("static: weights.bin is damaged: %d pieces for %d rows", len(t.ends), n))
	}
	return t
}

// A piece that continues a word is spelled with this in front.
const continued = "##"

// hash of a piece. Continuations are hashed without their mark, so that looking one up needs no copy.
func (t *table) hash(body string, cont bool) uint64 {
	h := maphash.String(t.seed, body)
	if cont {
		h ^= 0x9e3779b97f4a7c15
	}
	return h
}

func (t *table) insert(piece string, slot uint32) {
	body, cont := piece, false
	if len(piece) > len(continued) && piece[:len(continued)] == continued {
		body, cont = piece[len(continued):], true
	}
	mask := uint64(len(t.slots) - 1)
	at := t.hash(body, cont) & mask
	for t.slots[at] != 0 {
		at = (at + 1) & mask
	}
	t.slots[at] = slot
}

// find returns the row of a piece, given without the mark of a continuation, or -1.
func (t *table) find(body []byte, cont bool) int {
	h := maphash.Bytes(t.seed, body)
	if cont {
		h ^= 0x9e3779b97f4a7c15
	}
	mask := uint64(len(t.slots) - 1)
	for at := h & mask; ; at = (at + 1) & mask {
		slot := t.slots[at]
		if slot == 0 {
			return -1
		}
		piece := t.piece(int(slot) - 1)
		if cont {
			if len(piece) == len(body)+len(continued) && piece[:len(continued)] == continued && piece[len(continued):] == string(body) {
				return int(slot) - 1
			}
		} else if piece == string(body) {
			return int(slot) - 1
		}
	}
}

func (t *table) piece(row int) string {
	start := 0
	if row > 0 {
		start = int(t.ends[row-1]) + 1
	}
	return t.vocab[start:t.ends[row]]
}

// Rows are summed as integers, two dimensions to a word of 64 bits: the sum is exact, and fast. Four bits times a scale below
// 2^20 let 256 rows fit a lane of 32 bits.
const (
	lanes   = 0x0000000F0000000F
	fullest = 256 // rows
	widest  = 256 // dimensions
)

// sum writes the sum of rows into v, whose length is a multiple of 16.
func (t *table) sum(v []float32, rows []int) {
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

// add2 adds two rows to acc: of each 16 dimensions, word k holds dimensions k and k+8.
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

// scale returns a row's scale in units of 2^-12, of which all scales are multiples. The vectors are normalised, so the unit
// cancels out.
func (t *table) scale(row int) uint64 {
	return uint64(half(uint16(t.scales[2*row])|uint16(t.scales[2*row+1])<<8)*(1<<12) + .5)
}

// word returns the first eight bytes of s, little-endian; the compiler makes it one load.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// half widens a positive IEEE 754 half-precision number, subnormal ones included.
func half(h uint16) float32 {
	const rebias = 1 << 112 // the distance of the two exponents' zeros
	return math.Float32frombits(uint32(h)<<13) * rebias
}
