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
	if weights[:4] != "vsm1" || len(weights) < scales+2*n {
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

// add adds a row's first len(sum) dimensions to sum, whose length is a multiple of eight.
func (t *table) add(sum []float32, row int) {
	scale := half(uint16(t.scales[2*row]) | uint16(t.scales[2*row+1])<<8)
	var value [16]float32
	for i := range value {
		value[i] = float32(i-8) * scale
	}
	// Four bytes at a time: the lengths in the condition let the compiler drop every bounds check inside.
	packed := t.rows[row*t.dimensions/2:][:len(sum)/2]
	for len(packed) >= 4 && len(sum) >= 8 {
		sum[0] += value[packed[0]&15]
		sum[1] += value[packed[0]>>4]
		sum[2] += value[packed[1]&15]
		sum[3] += value[packed[1]>>4]
		sum[4] += value[packed[2]&15]
		sum[5] += value[packed[2]>>4]
		sum[6] += value[packed[3]&15]
		sum[7] += value[packed[3]>>4]
		packed, sum = packed[4:], sum[8:]
	}
}

// half widens a positive IEEE 754 half-precision number, subnormal ones included.
func half(h uint16) float32 {
	const rebias = 1 << 112 // the distance of the two exponents' zeros
	return math.Float32frombits(uint32(h)<<13) * rebias
}
