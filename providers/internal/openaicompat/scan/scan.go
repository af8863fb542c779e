// Package scan reads the answer of an embeddings API as it comes in: the vectors go straight into one slab of float32,
// the small rest of the JSON is handed back. It takes and refuses exactly what encoding/json takes and refuses, and its
// numbers are bit for bit those of strconv.ParseFloat(s, 32), at many times the speed of both.
package scan

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// Answer is what Read found.
type Answer struct {
	// Vectors has one row per text, placed by index, all of one length. It is nil beside an error. The rows lie in one
	// slab and are cut so that appending to one does not reach the next.
	Vectors [][]float32
	// Rest is the answer without its items: `"data":[]` is in their place, and the white space between members is gone.
	// It is valid JSON, and the caller's own. It is nil where the answer is no JSON or could not be read.
	Rest []byte
	// Items is the number of elements that data had.
	Items int
}

// SyntaxError says that an answer is no JSON.
type SyntaxError struct {
	Offset int64 // bytes read up to and with the first one that no JSON has there
	Early  bool  // there was none: the answer ends where JSON would go on
	what   string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("the answer is no JSON: %s (byte %d)", e.what, e.Offset)
}

// ErrTooLong says that an answer holds more than fits its vectors.
var ErrTooLong = errors.New("the answer is too long")

// ErrLength is in the error of an answer whose first vector has another length than dims: the server gives no such vectors.
var ErrLength = errors.New("a vector of another length")

type lengthError struct{ error }

func (lengthError) Is(target error) bool { return target == ErrLength }

const (
	bufferSize   = 32 << 10
	largestKept  = 256 << 10 // a buffer that grew beyond this is not used again
	mostRest     = 1 << 20   // bytes of an answer besides its vectors
	mostNumbers  = 32 << 20  // in an answer whose dimensions are not known beforehand
	deepest      = 10_000    // levels of nesting, as encoding/json has it
	longestKnown = 64        // bytes of a member's name: no known one has more, even if all of it is escaped
)

// Read reads an answer with n vectors of dims numbers each (0: as many as the first one has) from r up to its end. It
// reads as much as r gives, so the caller bounds r.
//
// An answer that is no JSON is a *SyntaxError; errors of r are returned as they are; a rest of more than 1 MiB is
// ErrTooLong. Any other error says in which way a valid JSON is not the answer to n texts, and comes with Rest and Items.
func Read(r io.Reader, n, dims int) (Answer, error) {
	s := scanners.Get().(*scanner)
	defer s.release()
	return s.read(r, n, dims)
}

var scanners = sync.Pool{New: func() any { return newScanner(bufferSize) }}

// scanner holds what one Read needs. Nothing of it but the sink's rows leaves the Read.
type scanner struct {
	r       io.Reader
	buf     []byte
	at, end int   // buf[at:end] is read and not yet taken
	offset  int64 // of buf[0] in the answer
	eof     bool
	err     error // ends the scan: the reader's, a *SyntaxError or ErrTooLong
	depth   int

	kept  int // buf[kept:at] goes into rest; -1: nothing does
	rest  []byte
	word  []byte // the string just taken, raw and between its quotes
	bytes []byte // a vector that was encoded in base64

	sink  sink
	items int
	data  bool  // was there
	wrong error // the first way in which the answer is not the one expected; from then on values are only passed over
}

func newScanner(size int) *scanner { return &scanner{buf: make([]byte, size), kept: -1} }

// release gives the scanner back, unless an odd answer made it large.
func (s *scanner) release() {
	if max(len(s.buf), cap(s.bytes), cap(s.word), cap(s.rest), 4*cap(s.sink.first)) <= largestKept {
		s.reset()
		scanners.Put(s)
	}
}

// reset leaves nothing but the buffers, for the next answer.
func (s *scanner) reset() {
	*s = scanner{buf: s.buf, kept: -1, rest: s.rest[:0], word: s.word, bytes: s.bytes, sink: sink{first: s.sink.first}}
}

func (s *scanner) read(r io.Reader, n, dims int) (Answer, error) {
	s.r = r
	s.sink.n, s.sink.dims = n, dims
	s.top()
	if s.peek(); s.err == nil && s.at < s.end {
		s.unexpected() // behind the value
	}
	if s.err != nil {
		return Answer{}, s.err
	}
	a := Answer{Rest: slices.Clone(s.rest), Items: s.items}
	if s.wrong == nil {
		s.wrong = s.sink.missing()
	}
	if s.wrong != nil {
		return a, s.wrong
	}
	a.Vectors = s.sink.rows
	return a, nil
}

// top takes the whole answer.
func (s *scanner) top() {
	if s.peek() != '{' {
		s.refuse("the answer is no JSON object")
		s.keep()
		s.value()
		s.keepNoMore()
		return
	}
	s.rest = append(s.rest, '{')
	for first := true; s.next('{', '}', first); first = false {
		mark := len(s.rest)
		if mark > 1 {
			s.rest = append(s.rest, ',')
		}
		s.peek()
		s.keep()
		key := s.key()
		if string(key) == "data" {
			s.kept = -1
			s.rest = s.rest[:mark]
			s.list()
			continue
		}
		s.value()
		s.keepNoMore()
	}
	s.rest = append(s.rest, '}')
	if !s.data {
		s.refuse("the answer has no data")
	}
}

// list takes the value of data.
func (s *scanner) list() {
	if s.data {
		s.refuse("the answer has data twice")
		s.value()
		return
	}
	s.data = true
	if len(s.rest) > 1 {
		s.rest = append(s.rest, ',')
	}
	s.rest = append(s.rest, `"data":[]`...)
	if s.peek() != '[' {
		s.refuse("the answer's data is no list")
		s.value()
		return
	}
	for first := true; s.next('[', ']', first); first = false {
		s.item()
		s.items++
	}
}

// item takes an element of data.
func (s *scanner) item() {
	if s.peek() != '{' {
		s.refuse("item %d of the answer is no object", s.items)
		s.value()
		return
	}
	if s.items == s.sink.n {
		s.refuse("the answer has more items than the %d that were asked for", s.sink.n)
	}
	index := -1
	indexed, filled := false, false
	var row []float32
	for first := true; s.next('{', '}', first); first = false {
		switch string(s.key()) {
		case "index":
			if indexed {
				s.refuse("item %d of the answer has two indexes", s.items)
			}
			indexed = true
			index = s.index()
		case "embedding":
			if filled {
				s.refuse("item %d of the answer has two vectors", s.items)
			}
			filled = true
			row = s.vector()
		default:
			s.value()
		}
	}
	switch {
	case s.wrong != nil || s.err != nil:
	case !indexed:
		s.refuse("item %d of the answer has no index", s.items)
	case !filled:
		s.refuse("item %d of the answer, for text %d, has no vector", s.items, index)
	default:
		s.wrong = s.sink.place(index, row)
	}
}

// refuse notes the first way in which a valid JSON is not the answer that was expected. Its words are ours and numbers:
// nothing of the answer itself is in them.
func (s *scanner) refuse(format string, args ...any) {
	if s.wrong == nil {
		s.wrong = fmt.Errorf(format, args...)
	}
}
