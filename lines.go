package embedding

import (
	"context"
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
		in := plain.NewLines(r, maxLine)
		all := func(yield func(Line) bool) {
			for in.Next() {
				if !yield(Line{in.Number, in.Text, in.Why}) {
					return
				}
			}
		}
		for out, err := range stream(ctx, e, all, Line.fit) {
			if !yield(out, err) || err != nil {
				return
			}
		}
		if in.Err != nil {
			yield(Embedded[Line]{}, fmt.Errorf("embedding: reading line %d: %w", in.Number+1, in.Err))
		}
	}
}

// fit returns the text of the line, or why it cannot be embedded.
func (l Line) fit() (string, error) {
	why := l.bad
	if why == "" {
		why = plain.Unfit(l.Text)
	}
	if why != "" {
		return "", &Error{Kind: Rejected, Err: fmt.Errorf("line %d %s", l.Number, why)}
	}
	return l.Text, nil
}
