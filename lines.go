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

// maxLine is the longest line Lines takes, in bytes: far above what any model embeds as one text.
const maxLine = 1 << 20

// Lines embeds a file, one text a line; neither line ends (\n or \r\n) nor byte order marks at the
// beginnings of lines are part of a text. The file is UTF-8, or UTF-16 that begins with a byte
// order mark. A line that is blank, not UTF-8, longer than 1 MiB, or that holds a NUL comes with
// an Err that has its number, counted from 1, and the loop goes on. A read error is the last thing
// yielded. Otherwise Lines is like [Stream].
func Lines(ctx context.Context, e Embedder, r io.Reader) iter.Seq2[Embedded[string], error] {
	return func(yield func(Embedded[string], error) bool) {
		in := bufio.NewReaderSize(plain.NewReader(r), 64<<10)
		var broken error
		lines := func(yield func(line) bool) {
			for n := 1; ; n++ {
				l, err := readLine(in, n)
				if err != nil && !errors.Is(err, io.EOF) {
					broken = fmt.Errorf("embedding: reading line %d: %w", n, err)
					return
				}
				if l.none {
					return
				}
				var why string
				if l.text, why = plain.Line(l.text); why == "" {
					why = unfit(l.text)
				}
				if l.err == nil && why != "" {
					l.err = &Error{Kind: Rejected, Err: fmt.Errorf("line %d %s", n, why)}
				}
				if !yield(l) || err != nil {
					return
				}
			}
		}
		for out, err := range stream(ctx, e, lines, func(l line) (string, error) { return l.text, l.err }) {
			if !yield(Embedded[string]{Item: out.Item.text, Vector: out.Vector, Err: out.Err}, err) || err != nil {
				return
			}
		}
		if broken != nil {
			yield(Embedded[string]{}, broken)
		}
	}
}

type line struct {
	text string
	err  error
	none bool // the input has ended before this line
}

// readLine reads line n without its end. Of a line that is too long nothing is kept.
func readLine(in *bufio.Reader, n int) (line, error) {
	var text []byte
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(text)+len(part) > maxLine+2; long {
			text = nil
		} else {
			text = append(text, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		none := err != nil && !long && len(text) == 0
		text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
		if long || len(text) > maxLine {
			return line{err: &Error{Kind: Rejected, Err: fmt.Errorf("line %d is longer than %d bytes: split it", n, maxLine)}}, err
		}
		return line{text: string(text), none: none}, err
	}
}
