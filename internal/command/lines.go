package command

import (
	"bufio"
	"errors"
	"io"
)

// maxLine is the longest line that is embedded, in bytes, as for embedding.Lines.
const maxLine = 1 << 20

// line is a line of the input. One that is too long has no text.
type line struct {
	index int
	text  string
	long  bool
}

func (l line) content() string { return l.text }

// lines reads an input line by line.
type lines struct {
	in   *bufio.Reader
	read int   // lines so far
	err  error // what ended the input, if it was not its end
}

// all yields the lines without their ends (\n or \r\n).
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
		if !yield(line{index: l.read - 1, text: text, long: long}) {
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
