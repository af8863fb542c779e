package scan

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"strconv"

	"github.com/vecspace/embedding/internal/floats"
)

// none is the index of an item that has none. No text has it.
const none = math.MinInt

// index takes an item's index: a whole number, written in any way and as text too, or null.
func (s *scanner) index() int {
	var digits []byte
	switch c := s.peek(); {
	case c == '-' || isDigit(c):
		digits = s.number()
	case c == '"':
		s.text(longestKnown)
		digits = s.unescaped()
	case c == 'n':
		s.literal("null")
		return none
	default:
		s.refuse("item %d of the answer has an index that is no number", s.items)
		s.value()
		return none
	}
	i, err := strconv.Atoi(string(digits))
	if err == nil {
		return i
	}
	f, err := strconv.ParseFloat(string(digits), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
		s.refuse("item %d of the answer has an index that is no whole number, or a huge one", s.items)
		return none
	}
	return int(f)
}

// vector takes an item's vector and returns it in a row of the slab.
func (s *scanner) vector() []float32 {
	c := s.peek()
	if s.wrong == nil && c != '[' && c != '"' {
		s.refuse("item %d of the answer has a vector that is neither a list of numbers nor text in base64", s.items)
	}
	if s.wrong != nil {
		s.value()
		return nil
	}
	known := s.sink.dims > 0
	var row []float32
	if known {
		row = s.sink.cut()
	} else {
		row = s.sink.first[:cap(s.sink.first)]
	}
	var n int
	if c == '[' {
		row, n = s.numbers(row, !known)
	} else {
		row, n = s.encoded(row, !known)
	}
	switch {
	case s.err != nil || s.wrong != nil:
		return nil
	case n == 0:
		s.refuse("item %d of the answer has an empty vector", s.items)
		return nil
	case known && n < len(row):
		s.length("item %d of the answer has a vector of %d numbers, want %d", s.items, n, len(row))
		return nil
	case known:
		return row
	}
	s.sink.first = row
	if s.err = s.sink.learn(n); s.err != nil {
		return nil
	}
	learnt := s.sink.cut()
	copy(learnt, row)
	return learnt
}

// numbers takes a list of numbers into row and returns their count. If it may, it replaces a row
// that is too short with a longer one.
func (s *scanner) numbers(row []float32, grow bool) ([]float32, int) {
	n := 0
	for first := true; s.next('[', ']', first); first = false {
		for s.end-s.at < window && s.more() { // keeps numbers across two reads fast
		}
		s.peek()
		if s.wrong == nil {
			n += s.plain(row[n:])
		}
		c := s.peek()
		if s.wrong != nil {
			s.value()
			continue
		}
		if c != '-' && !isDigit(c) {
			s.refuse("item %d of the answer has a vector with something else than a number at place %d", s.items, n)
			s.value()
			continue
		}
		if n == len(row) {
			if !grow {
				s.length("item %d of the answer has a vector of more than %d numbers", s.items, n)
				s.value()
				continue
			}
			row = append(row, make([]float32, max(1024, n))...)
		}
		f, err := strconv.ParseFloat(string(s.number()), 32)
		if err != nil {
			s.refuse("item %d of the answer has a vector with a number at place %d that float32 cannot hold", s.items, n)
		}
		row[n] = float32(f)
		n++
	}
	return row, n
}

// length refuses a vector of another length than the known one.
func (s *scanner) length(format string, args ...any) {
	if s.wrong == nil && s.items == 0 {
		s.wrong = lengthError{fmt.Errorf(format, args...)}
	}
	s.refuse(format, args...)
}

// encoded takes a little-endian vector in base64 into row and returns the count of its numbers. If
// it may, it replaces a row that is too short with a longer one.
func (s *scanner) encoded(row []float32, grow bool) ([]float32, int) {
	if !s.decodePlain() {
		s.text(math.MaxInt / 2)
		if s.err != nil {
			return row, 0
		}
		text := s.unescaped()
		s.bytes = append(s.bytes[:0], make([]byte, base64.StdEncoding.DecodedLen(len(text)))...)
		n, err := base64.StdEncoding.Decode(s.bytes, text)
		if err != nil {
			s.refuse("item %d of the answer has a vector that is no base64", s.items)
			return row, 0
		}
		s.bytes = s.bytes[:n]
	}
	if len(s.bytes)%4 != 0 {
		s.refuse("item %d of the answer has a vector in base64 whose last number is cut", s.items)
		return row, 0
	}
	n := len(s.bytes) / 4
	if n > len(row) {
		if !grow {
			s.length("item %d of the answer has a vector of more than %d numbers", s.items, len(row))
			return row, 0
		}
		row = make([]float32, n)
	}
	floats.Decode(row[:n], s.bytes)
	return row, n
}

// decodePlain takes the next string if it is plain base64, and decodes it into bytes. It takes
// nothing of any other string, such as one with an escape, or with a line break, which the decoder
// would skip.
func (s *scanner) decodePlain() bool {
	length := 1
	for {
		i := bytes.IndexByte(s.buf[s.at+length:s.end], '"')
		if i >= 0 {
			length += i
			break
		}
		if length = s.end - s.at; !s.more() {
			return false
		}
	}
	text := s.buf[s.at+1 : s.at+length]
	size := base64.StdEncoding.DecodedLen(len(text))
	if cap(s.bytes) < size {
		s.bytes = make([]byte, size)
	}
	n, err := base64.StdEncoding.Decode(s.bytes[:size], text)
	if err != nil || len(text)%4 != 0 || n != size-padding(text) {
		return false
	}
	s.bytes = s.bytes[:n]
	s.at += length + 1
	return true
}

func padding(text []byte) int { return len(text) - len(bytes.TrimRight(text, "=")) }
