// Package scan reads the answer of an embeddings API while it arrives. It puts the vectors into one
// slab of float32 and returns the small rest of the JSON. It accepts exactly the JSON that
// encoding/json accepts, behind a byte order mark too. Its numbers equal strconv.ParseFloat(s, 32)
// bit for bit, at many times the speed of both.
package scan

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// Answer is the result of [Read].
type Answer struct {
	// Vectors has one row per text, placed by index, all of one length. It is nil beside an error. The
	// rows share one slab; appending to one does not reach the next.
	Vectors [][]float32
	// Rest is the answer with `"data":[]` in place of its items and without white space between
	// members. It is valid JSON, and the caller owns it. It is nil if the answer is not JSON or could
	// not be read.
	Rest []byte
	// Items is the number of elements of data.
	Items int
}

// SyntaxError is the error of an answer that is not JSON.
type SyntaxError struct {
	Offset int64 // bytes read, including the first wrong one
	Early  bool  // the input ended in the middle of a value
	what   string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("the answer is no JSON: %s (byte %d)", e.what, e.Offset)
}

// ErrTooLong is in the error of an answer that holds more than its vectors can take.
var ErrTooLong = errors.New("the answer is too long")

// ErrLength is in the error of an answer with a first vector of another length than dims.
var ErrLength = errors.New("a vector of another length")

type lengthError struct{ error }

func (lengthError) Is(target error) bool { return target == ErrLength }

const (
	bufferSize   = 32 << 10
	largestKept  = 256 << 10 // larger buffers are not reused
	mostRest     = 1 << 20   // bytes of an answer besides its vectors
	mostNumbers  = 32 << 20  // in an answer of unknown dimensions
	deepest      = 10_000    // levels of nesting, as encoding/json has it
	longestKnown = 64        // bytes of a known member's name, all of it escaped

	byteOrderMark = "\ufeff" // before the JSON of some servers
)

// Read reads an answer with n vectors of dims numbers each from r to its end. If dims is 0, the
// first vector decides. Read does not bound r; the caller does. An item without an index, or with
// null for one, belongs to the one text that no other item is for. Items that all have none belong
// to the texts in their order.
//
// The error is a [*SyntaxError] for an answer that is not JSON, an error of r itself, or
// [ErrTooLong] for a rest of more than 1 MiB. Any other error says why valid JSON is not the answer
// to n texts, and comes with Rest and Items.
func Read(r io.Reader, n, dims int) (Answer, error) {
	s := scanners.Get().(*scanner)
	defer s.release()
	return s.read(r, n, dims)
}

var scanners = sync.Pool{New: func() any { return newScanner(bufferSize) }}

// scanner is the state of one [Read]. Only the sink's rows outlive it.
type scanner struct {
	r       io.Reader
	buf     []byte
	at, end int   // buf[at:end] is read but not taken
	offset  int64 // of buf[0] in the answer
	moved   int64 // bytes copied within buf, all in all
	eof     bool
	err     error // ends the scan: the reader's, a *SyntaxError or ErrTooLong
	depth   int

	kept  int // buf[kept:at] goes into rest; -1 means nothing does
	rest  []byte
	word  []byte // the raw string just taken, without quotes
	bytes []byte // a vector in base64

	sink  sink
	items int
	stray [][]float32 // vectors of items without an index, in their order
	data  bool        // was there
	wrong error       // what is wrong with valid JSON; values are then skipped
}

func newScanner(size int) *scanner { return &scanner{buf: make([]byte, size), kept: -1} }

// release returns the scanner to the pool, unless an odd answer made it large.
func (s *scanner) release() {
	if max(len(s.buf), cap(s.bytes), cap(s.word), cap(s.rest), 4*cap(s.sink.first)) <= largestKept {
		s.reset()
		scanners.Put(s)
	}
}

// reset clears all but the buffers for the next answer.
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
	if s.wrong == nil && s.stray != nil {
		s.wrong = s.sink.settle(s.stray, s.items)
	}
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
	if s.ahead(0) == byteOrderMark[0] && s.ahead(1) == byteOrderMark[1] && s.ahead(2) == byteOrderMark[2] {
		s.at += len(byteOrderMark)
	}
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
	index := none
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
	case !filled && index < 0:
		s.refuse("item %d of the answer has no vector", s.items)
	case !filled:
		s.refuse("item %d of the answer, for text %d, has no vector", s.items, index)
	case index == none:
		s.stray = append(s.stray, row)
	default:
		s.wrong = s.sink.place(index, row)
	}
}

// refuse records what is wrong with valid JSON, the first time. It quotes nothing of the answer but
// numbers.
func (s *scanner) refuse(format string, args ...any) {
	if s.wrong == nil {
		s.wrong = fmt.Errorf(format, args...)
	}
}
