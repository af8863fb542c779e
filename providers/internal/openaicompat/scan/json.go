package scan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// more reads on and reports whether there was more. It drops the bytes before at and moves the
// rest.
func (s *scanner) more() bool {
	if s.eof || s.err != nil {
		return false
	}
	if s.kept >= 0 {
		if s.flush(); s.err != nil {
			return false
		}
		s.kept = 0
	}
	s.offset += int64(s.at)
	if s.at > 0 {
		s.end = copy(s.buf, s.buf[s.at:s.end])
		s.moved += int64(s.end)
		s.at = 0
	}
	if s.end == len(s.buf) { // one number or one encoded vector fills it
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
		s.moved += int64(s.end)
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err == io.EOF {
			s.eof = true
		} else if err != nil {
			s.err = err
			return false
		}
		if n > 0 || s.eof {
			return n > 0
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// keep starts to copy taken bytes into rest; keepNoMore stops.
func (s *scanner) keep() { s.kept = s.at }

func (s *scanner) keepNoMore() {
	s.flush()
	s.kept = -1
}

func (s *scanner) flush() {
	if len(s.rest)+s.at-s.kept > mostRest {
		if s.err == nil {
			s.err = fmt.Errorf("%w: more than %d bytes besides the vectors", ErrTooLong, mostRest)
		}
		return
	}
	s.rest = append(s.rest, s.buf[s.kept:s.at]...)
}

// ahead returns the byte i places after at, or 0 if there is none.
func (s *scanner) ahead(i int) byte {
	for s.at+i >= s.end {
		if !s.more() {
			return 0
		}
	}
	return s.buf[s.at+i]
}

// peek skips white space and returns the next byte without taking it, or 0 if there is none. No
// JSON has the byte 0.
func (s *scanner) peek() byte {
	for {
		for ; s.at < s.end; s.at++ {
			switch c := s.buf[s.at]; c {
			case ' ', '\n', '\r', '\t':
			default:
				return c
			}
		}
		if !s.more() {
			return 0
		}
	}
}

// unexpected ends the scan at the next byte, which is wrong, or at an early end.
func (s *scanner) unexpected() {
	if s.ahead(0); s.err != nil {
		return
	}
	if s.at == s.end {
		s.err = &SyntaxError{Offset: s.offset + int64(s.at), Early: true, what: "it ends too early"}
		return
	}
	s.err = &SyntaxError{Offset: s.offset + int64(s.at) + 1, what: fmt.Sprintf("invalid character %q", s.buf[s.at])}
}

// next is the condition of a loop over an object or a list. It reports whether another member or
// element follows, and takes what stands between them. If first, it takes the opening bracket.
func (s *scanner) next(opening, closing byte, first bool) bool {
	if s.err != nil {
		return false
	}
	if first {
		if s.depth++; s.depth > deepest {
			s.err = &SyntaxError{Offset: s.offset + int64(s.at) + 1, what: "it is nested too deeply"}
			return false
		}
		s.at++ // opening
	}
	switch c := s.peek(); {
	case c == closing:
		s.at++
		s.depth--
		return false
	case first:
		return true
	case c == ',':
		s.at++
		return true
	}
	s.unexpected()
	return false
}

// value skips a value.
func (s *scanner) value() {
	switch c := s.peek(); c {
	case '{':
		for first := true; s.next('{', '}', first); first = false {
			s.key()
			s.value()
		}
	case '[':
		for first := true; s.next('[', ']', first); first = false {
			s.value()
		}
	case '"':
		s.text(0)
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		s.number()
	}
}

func (s *scanner) literal(word string) {
	for i := range len(word) {
		if s.ahead(0) != word[i] {
			s.unexpected()
			return
		}
		s.at++
	}
}

// key takes a member's name and the colon after it. It returns the name, or other bytes if it is
// long.
func (s *scanner) key() []byte {
	if s.peek() != '"' {
		s.unexpected()
		return nil
	}
	s.text(longestKnown)
	if s.err != nil {
		return nil
	}
	if s.peek() != ':' {
		s.unexpected()
		return nil
	}
	s.at++
	return s.unescaped()
}

// text takes the string with the next opening quote. It leaves the raw bytes between the quotes in
// word. If a string is longer than most, word holds a little more than most bytes of it.
func (s *scanner) text(most int) {
	s.word = s.word[:0]
	s.at++
	for s.err == nil {
		switch c := s.ahead(0); {
		case c == '"':
			s.at++
			return
		case c == '\\':
			s.escape(most)
			continue
		case c < ' ':
			s.unexpected()
			return
		}
		from := s.at
		for ; s.at < s.end && plainText(s.buf[s.at]); s.at++ {
		}
		if len(s.word) <= most {
			s.word = append(s.word, s.buf[from:s.at]...)
		}
	}
}

func plainText(c byte) bool { return c >= ' ' && c != '"' && c != '\\' }

// escape takes a backslash and its escape.
func (s *scanner) escape(most int) {
	length := 2
	for i := 0; i < length; i++ {
		c := s.ahead(0)
		switch {
		case i == 0: // the backslash
		case i == 1 && c == 'u':
			length = 6
		case i == 1 && c != 0 && strings.IndexByte(`"\/bfnrt`, c) >= 0:
		case i > 1 && ('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'):
		default:
			s.unexpected()
			return
		}
		if len(s.word) <= most+length {
			s.word = append(s.word, c)
		}
		s.at++
	}
}

// unescaped returns the meaning of word. It is valid up to the next string.
func (s *scanner) unescaped() []byte {
	if bytes.IndexByte(s.word, '\\') < 0 {
		return s.word
	}
	var text string
	if json.Unmarshal([]byte(`"`+string(s.word)+`"`), &text) != nil { // only where it was cut short
		return nil
	}
	return []byte(text)
}

// number takes a number and returns its digits. They are valid up to the next call.
func (s *scanner) number() []byte {
	i := 0
	digits := func() bool {
		from := i
		for isDigit(s.ahead(i)) {
			i++
		}
		return i > from
	}
	if s.ahead(0) == '-' {
		i++
	}
	whole := true
	if s.ahead(i) == '0' {
		i++ // no digit may follow
	} else {
		whole = digits()
	}
	if whole && s.ahead(i) == '.' {
		i++
		whole = digits()
	}
	if whole && s.ahead(i)|0x20 == 'e' {
		i++
		if c := s.ahead(i); c == '+' || c == '-' {
			i++
		}
		whole = digits()
	}
	token := s.buf[s.at : s.at+i]
	s.at += i
	if !whole {
		s.unexpected()
		return nil
	}
	return token
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
