package plain

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Lines reads text line by line, decoded as by [NewReader].
type Lines struct {
	Number int    // of the line that was read last, from 1
	Read   int64  // bytes of all lines so far with their ends, but for a mark at the very beginning
	Text   string // without its end (\n or \r\n) and byte order marks; empty if it is too long
	Why    string // what makes it no text, in words that follow its number, or ""
	Err    error  // what ended the input, unless that is its end

	in   *bufio.Reader
	max  int // bytes of a line
	last bool
	buf  []byte // of a line in parts
}

// NewLines returns the lines of r. One of more than max bytes has a Why and no Text.
func NewLines(r io.Reader, max int) *Lines {
	return &Lines{in: bufio.NewReaderSize(NewReader(r), 64<<10), max: max}
}

// LinesFrom is [NewLines] for text that is decoded already: what is left of it after some lines and
// bytes of them.
func LinesFrom(r io.Reader, max, number int, read int64) *Lines {
	return &Lines{in: bufio.NewReaderSize(r, 64<<10), max: max, Number: number, Read: read}
}

// Next reads a line and reports whether there is one. A last line that is cut short by an error
// is none.
func (l *Lines) Next() bool {
	if l.last {
		return false
	}
	before := l.Read
	text, long, err := l.next()
	l.last = err != nil
	if err != nil && !errors.Is(err, io.EOF) {
		l.Err = err
		return false
	}
	if l.Read == before {
		return false
	}
	l.Number++
	if l.Text, l.Why = Line(string(text)); long {
		l.Why = fmt.Sprintf("is longer than %d bytes: split it", l.max)
	}
	return true
}

// next reads a line, with an error if it is the last. Of a line that is too long nothing is kept.
func (l *Lines) next() (text []byte, long bool, err error) {
	text = l.buf[:0]
	for more := true; more; {
		var part []byte
		part, err = l.in.ReadSlice('\n')
		l.Read += int64(len(part))
		more = errors.Is(err, bufio.ErrBufferFull)
		switch {
		case long || len(text)+len(part) > l.max+len("\r\n"):
			text, long = nil, true
		case len(text) == 0 && !more:
			text = part // the usual case: a line that the reader has whole
		default:
			text = append(text, part...)
			l.buf = text
		}
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(text) > l.max {
		return nil, true, err
	}
	return text, long, err
}
