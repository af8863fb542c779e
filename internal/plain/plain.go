// Package plain turns the bytes of text files and streams into UTF-8 text.
package plain

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Mark is the byte order mark. Some programs write it at the beginning of UTF-8 files too.
const Mark = "\ufeff"

// Errors of [Decode]. They follow a file's name.
var (
	ErrNUL      = errors.New("holds NUL characters: it is binary, or UTF-16 or UTF-32 without a byte order mark")
	ErrBinary   = errors.New("is binary data, PDF, PostScript or RTF, not plain text")
	ErrUTF16    = errors.New("is damaged UTF-16, or binary")
	ErrEncoding = errors.New("is not UTF-8: convert it from its encoding (such as GBK or Latin-1), unless it is binary")
)

// Decode returns the text of a whole file, without byte order marks at the beginnings of lines
// (files with a mark may have been joined) and with \n as the end of each line. It decodes UTF-8,
// and UTF-16 that begins with a mark; anything else is an error.
func Decode(data []byte) (string, error) {
	wide := bytes.HasPrefix(data, littleMark) || bytes.HasPrefix(data, bigMark)
	if wide {
		data, _ = io.ReadAll(NewReader(bytes.NewReader(data))) // memory never fails
	}
	text := lineEnds.Replace(string(data))
	if text = strings.TrimLeft(text, Mark); strings.Contains(text, "\n"+Mark) {
		lines := strings.SplitAfter(text, "\n")
		for i, line := range lines {
			lines[i] = strings.TrimLeft(line, Mark)
		}
		text = strings.Join(lines, "")
	}
	switch {
	case strings.Contains(text, "\x00"):
		return "", ErrNUL
	case !utf8.ValidString(text) && wide:
		return "", ErrUTF16
	case !utf8.ValidString(text), strings.Contains(text, iso2022):
		return "", ErrEncoding
	case formatted(text):
		return "", ErrBinary
	}
	return text, nil
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// iso2022 begins Chinese, Japanese or Korean in the encodings of seven bits, such as ISO-2022-JP.
const iso2022 = "\x1b$"

// formatted reports whether valid UTF-8 is a format of its own, or has so many control characters
// that it is no text. Tabs, form feeds, backspaces and escape sequences occur in text.
func formatted(text string) bool {
	for _, magic := range []string{"%PDF-", "%!PS-Adobe", `{\rtf`} {
		if strings.HasPrefix(text, magic) {
			return true
		}
	}
	controls := 0
	for i := range len(text) {
		if c := text[i]; c < '\b' || c > '\r' && c < ' ' && c != '\x1b' || c == 0x7f {
			controls++
		}
	}
	return controls > 0 && controls*50 >= len(text)
}

// Line returns a line without byte order marks at its beginning, and what makes it no text, in
// words that follow its number, or "".
func Line(line string) (text, why string) {
	for strings.HasPrefix(line, Mark) { // strings.TrimLeft decodes runes, of every line
		line = line[len(Mark):]
	}
	switch {
	case strings.Contains(line, "\x00"):
		why = "holds a NUL character: the input is binary, or UTF-16 or UTF-32 without a byte order mark"
	case strings.Contains(line, iso2022):
		why = "is encoded in ISO-2022: decode it first"
	}
	return line, why
}

// Unfit says why a text cannot be embedded, in words that follow its index. A good text gives "".
func Unfit(text string) string {
	switch {
	case text == "":
		return "is empty: leave it out"
	case !utf8.ValidString(text):
		return "is not valid UTF-8: decode it from its own encoding first"
	case strings.TrimSpace(text) == "":
		return "is blank: leave it out"
	}
	return ""
}

var (
	littleMark = []byte{0xff, 0xfe}
	bigMark    = []byte{0xfe, 0xff}
	utf8Mark   = []byte(Mark)
)

// NewReader returns a reader that decodes r. It drops UTF-8's byte order mark, and decodes UTF-16
// that begins with a mark; damage in it becomes bytes that are not valid UTF-8. Anything else
// passes unchanged.
func NewReader(r io.Reader) io.Reader { return &reader{in: r} }

type reader struct {
	in      io.Reader
	order   binary.ByteOrder // of UTF-16; nil if the input is not UTF-16
	out     []byte           // to return next
	buf     []byte           // UTF-16 bytes; the first left of them are not decoded yet
	left    int
	high    rune // the first half of a surrogate pair, or 0
	err     error
	started bool
}

func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !r.started {
		r.start()
	}
	for len(r.out) == 0 && r.order != nil && r.err == nil {
		r.decode()
	}
	if len(r.out) > 0 {
		n := copy(p, r.out)
		r.out = r.out[n:]
		return n, nil
	}
	if r.err != nil {
		return 0, r.err
	}
	return r.in.Read(p)
}

// start looks for a mark. It reads no more than it needs: the input may be a terminal's.
func (r *reader) start() {
	r.started = true
	for _, mark := range [][]byte{utf8Mark, littleMark, bigMark} {
		for len(r.out) < len(mark) && bytes.HasPrefix(mark, r.out) && r.err == nil {
			var next [1]byte
			var n int
			n, r.err = io.ReadFull(r.in, next[:])
			r.out = append(r.out, next[:n]...)
		}
		if bytes.HasPrefix(r.out, mark) {
			r.out = r.out[len(mark):]
			switch mark[0] {
			case littleMark[0]:
				r.order, r.buf = binary.LittleEndian, make([]byte, 32<<10)
			case bigMark[0]:
				r.order, r.buf = binary.BigEndian, make([]byte, 32<<10)
			}
			return
		}
	}
}

// damaged is not valid in UTF-8 and stands for a half of something.
const damaged = 0xff

func (r *reader) decode() {
	n, err := r.in.Read(r.buf[r.left:])
	r.err = err
	units := r.buf[:r.left+n]
	r.out = r.out[:0]
	for ; len(units) >= 2; units = units[2:] {
		c := rune(r.order.Uint16(units))
		switch pair := utf16.DecodeRune(r.high, c); {
		case r.high != 0 && pair != utf8.RuneError:
			r.out, r.high = utf8.AppendRune(r.out, pair), 0
			continue
		case r.high != 0:
			r.out, r.high = append(r.out, damaged), 0
		}
		switch {
		case c >= 0xd800 && c < 0xdc00:
			r.high = c
		case c >= 0xdc00 && c < 0xe000:
			r.out = append(r.out, damaged)
		default:
			r.out = utf8.AppendRune(r.out, c)
		}
	}
	r.left = copy(r.buf, units)
	if err != nil && (r.left > 0 || r.high != 0) {
		r.out, r.left, r.high = append(r.out, damaged), 0, 0
	}
}
