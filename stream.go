package embedding

import (
	"context"
	"errors"
	"iter"
)

// A block of Stream holds at most this much, so that its memory does not depend on the input's length.
const (
	blockTexts = 1000 // a multiple of what most providers take at once
	blockBytes = 1 << 20
)

// Embedded is one item of a Stream: its vector, which is the caller's own, or what is wrong with its text.
type Embedded[T any] struct {
	Item   T
	Vector []float32
	Err    error
}

// Stream embeds the text of items of any number as documents. Items are read in blocks of at most 1,000 texts or 1 MiB; the
// next block is sent before the last one is consumed, so at most two are in memory. Progress is the loop's body.
//
// Items come in order. A bad text (Rejected) comes with its Err, and the loop goes on. Any other error is fatal: what was
// paid for by then is yielded first, then the error once, with a zero Embedded, and the loop ends; items that were
// not yielded were not embedded. Leaving the loop early cancels what is in flight.
func Stream[T any](ctx context.Context, e Embedder, items iter.Seq[T], text func(T) string) iter.Seq2[Embedded[T], error] {
	return stream(ctx, e, items, func(item T) (string, error) { return text(item), nil })
}

// stream is Stream where reading a text may fail: such an item is not sent and keeps its place.
func stream[T any](ctx context.Context, e Embedder, items iter.Seq[T], text func(T) (string, error)) iter.Seq2[Embedded[T], error] {
	return func(yield func(Embedded[T], error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var ahead *block[T] // sent and not yet yielded
		defer func() {
			cancel()
			if ahead != nil {
				<-ahead.done
			}
		}()
		e := Chain(e)
		// turn sends next and yields what was ahead. It reports whether the loop goes on.
		turn := func(next *block[T]) bool {
			last := ahead
			ahead = next
			if next != nil {
				go next.embed(ctx, e)
			}
			if last == nil {
				return true
			}
			<-last.done
			fatal, more := last.yield(yield)
			if !more || fatal == nil {
				return more
			}
			if ahead != nil {
				cancel() // the block in flight keeps what it has paid for
				<-ahead.done
				if _, more := ahead.yield(yield); !more {
					return false
				}
			}
			yield(Embedded[T]{}, fatal)
			return false
		}
		b := &block[T]{done: make(chan struct{})}
		for item := range items {
			s, err := text(item)
			if len(b.items) > 0 && b.bytes+len(s) > blockBytes {
				if !turn(b) {
					return
				}
				b = &block[T]{done: make(chan struct{})}
			}
			b.add(item, s, err)
			if len(b.items) == blockTexts {
				if !turn(b) {
					return
				}
				b = &block[T]{done: make(chan struct{})}
			}
		}
		if len(b.items) > 0 && !turn(b) {
			return
		}
		turn(nil)
	}
}

// block is what Stream sends at once.
type block[T any] struct {
	items []T
	bad   []error // by item, nil where none is bad
	texts []string
	bytes int
	res   Response
	err   error
	done  chan struct{} // closed when res and err are set
}

func (b *block[T]) add(item T, text string, err error) {
	b.items = append(b.items, item)
	if err != nil && b.bad == nil {
		b.bad = make([]error, len(b.items)-1, blockTexts)
	}
	if b.bad != nil {
		b.bad = append(b.bad, err)
	}
	if err == nil {
		b.texts = append(b.texts, text)
		b.bytes += len(text)
	}
}

func (b *block[T]) embed(ctx context.Context, e Embedder) {
	defer close(b.done)
	b.res, b.err = e.Embed(ctx, Request{Texts: b.texts})
}

// yield yields the items that have a vector or are bad. It returns the first fatal error and whether the consumer wants more.
func (b *block[T]) yield(yield func(Embedded[T], error) bool) (fatal error, more bool) {
	res := Salvage(b.res, b.err)
	var failed []TextError
	if p, ok := errors.AsType[*PartialError](b.err); ok {
		failed = p.Failed
	} else if b.err != nil && KindOf(b.err) == Rejected && len(b.texts) == 1 {
		failed = []TextError{{Err: b.err}}
	} else if b.err != nil {
		fatal = b.err
	}
	k := 0 // of the next text
	for i, item := range b.items {
		out := Embedded[T]{Item: item}
		switch {
		case b.bad != nil && b.bad[i] != nil:
			out.Err = b.bad[i]
		case len(failed) > 0 && failed[0].Index == k:
			out.Err = failed[0].Err
			failed = failed[1:]
			k++
			if KindOf(out.Err) != Rejected {
				if fatal == nil {
					fatal = out.Err
				}
				continue
			}
		case k >= len(res.Vectors): // the whole block failed
			k++
			continue
		default:
			out.Vector = append([]float32(nil), res.Vectors[k]...)
			k++
		}
		if !yield(out, nil) {
			return nil, false
		}
	}
	return fatal, true
}
