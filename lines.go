package embedding

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/vecspace/embedding/internal/plain"
)

// maxLine is the longest line that Lines embeds, in bytes: far more than any model takes as one
// text.
const maxLine = 1 << 20

// Line is a line of the input of [Lines].
type Line struct {
	Number int    // from 1
	Text   string // without its end (\n or \r\n) and byte order marks; empty if longer than 1 MiB
	bad    string // why it cannot be embedded, or ""
}

// Lines embeds each line of a file as a document. The file is UTF-8, or UTF-16 that begins with a
// byte order mark. A line that is blank, not UTF-8, longer than 1 MiB, or contains NUL is yielded
// with an Err that gives its number, and the loop goes on. If reading fails, Lines yields that
// error last. Otherwise Lines is like [Stream].
func Lines(ctx context.Context, e Embedder, r io.Reader) iter.Seq2[Embedded[Line], error] {
	return func(yield func(Embedded[Line], error) bool) {
		in := &lines{in: bufio.NewReaderSize(plain.NewReader(r), 64<<10)}
		for out, err := range stream(ctx, e, in.all, Line.fit) {
			if !yield(out, err) || err != nil {
				return
			}
		}
		if !errors.Is(in.err, io.EOF) {
			yield(Embedded[Line]{}, fmt.Errorf("embedding: reading line %d: %w", in.read+1, in.err))
		}
	}
}

// fit returns the text of the line, or why it cannot be embedded.
func (l Line) fit() (string, error) {
	why := l.bad
	if why == "" {
		why = unfit(l.Text)
	}
	if why != "" {
		return "", &Error{Kind: Rejected, Err: fmt.Errorf("line %d %s", l.Number, why)}
	}
	return l.Text, nil
}

// lines reads an input line by line.
type lines struct {
	in   *bufio.Reader
	read int   // lines so far
	err  error // what ended the input
}

// all yields the lines. A last line that is cut short by an error is not one of them.
func (l *lines) all(yield func(Line) bool) {
	for l.err == nil {
		text, long := l.next()
		switch {
		case l.err != nil && !errors.Is(l.err, io.EOF):
			return
		case l.err != nil && text == nil && !long:
			return
		}
		l.read++
		line := Line{Number: l.read}
		if line.Text, line.bad = plain.Line(string(text)); long {
			line.bad = fmt.Sprintf("is longer than %d bytes: split it", maxLine)
		}
		if !yield(line) {
			return
		}
	}
}

// next reads a line and sets l.err if it is the last. Of a line that is too long nothing is kept;
// after the last line the text is nil.
func (l *lines) next() (text []byte, long bool) {
	for more := true; more; {
		var part []byte
		part, l.err = l.in.ReadSlice('\n')
		more = errors.Is(l.err, bufio.ErrBufferFull)
		if long = long || len(text)+len(part) > maxLine+len("\r\n"); long {
			text = nil
		} else {
			text = append(text, part...)
		}
	}
	text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	if len(text) > maxLine {
		return nil, true
	}
	return text, long
}
