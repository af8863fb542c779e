package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/vecspace/embedding/internal/plain"
)

// maxLine is the longest line that is embedded, in bytes, as for embedding.Lines.
const maxLine = 1 << 20

// line is a line of the input. One that is too long has no text.
type line struct {
	index int
	text  string
	bad   string // why it cannot be embedded, or ""
}

func (l line) content() string { return l.text }

// lines reads an input line by line.
type lines struct {
	in   *bufio.Reader
	read int   // lines so far
	err  error // what ended the input, if it was not its end
}

// newLines reads UTF-8, or UTF-16 that begins with a byte order mark.
func newLines(in io.Reader) *lines {
	return &lines{in: bufio.NewReaderSize(plain.NewReader(in), 64<<10)}
}

// all yields the lines without their ends (\n or \r\n) and byte order marks.
func (l *lines) all(yield func(line) bool) {
	for {
		text, long, err := l.next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			l.err = err
			return
		}
		l.read++
		out := line{index: l.read - 1}
		if out.text, out.bad = plain.Line(text); long {
			out.bad = fmt.Sprintf("is longer than %d bytes: split it", maxLine)
		}
		if out.bad != "" {
			out.text = "" // the chain refuses it without sending it
		}
		if !yield(out) {
			return
		}
	}
}

// next reads a line; of one that is too long nothing is kept.
func (l *lines) next() (text string, long bool, err error) {
	var whole []byte
	for {
		part, more, err := l.in.ReadLine()
		if err != nil {
			return "", false, err
		}
		if long = long || len(whole)+len(part) > maxLine; long {
			whole = nil
		} else {
			whole = append(whole, part...)
		}
		if !more {
			return string(whole), long, nil
		}
	}
}
