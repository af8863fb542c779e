package embedding

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/vecspace/embedding/internal/lend"
)

// Limits of a block of Stream, so that its memory does not depend on the length of the input.
const (
	blockTexts = 1000 // a multiple of what most providers take at once
	blockBytes = 1 << 20
)

// Embedded is one item of a [Stream], with its vector or with what is wrong with its text. The
// vector is the caller's own.
type Embedded[T any] struct {
	Item   T
	Vector []float32
	Err    error
}

// Stream embeds the text of each item as a document. The input may have any length: Stream reads
// items in blocks of at most 1,000 texts or 1 MiB and sends the next block while the loop
// consumes the last one, so at most two are in memory. The body of the loop can report progress.
//
// Items are yielded in order. An item with a bad text ([Rejected]) is yielded with its Err, and
// the loop goes on. Any other error is fatal: Stream yields what has been paid for, then the
// error once, with a zero Embedded, and ends. Items that were not yielded were not embedded.
// Leaving the loop early cancels the request in flight.
func Stream[T any](ctx context.Context, e Embedder, items iter.Seq[T], text func(T) string) iter.Seq2[Embedded[T], error] {
	return stream(ctx, e, items, func(item T) (string, error) { return text(item), nil })
}

// stream is Stream for items whose text may be bad before it is sent: such an item keeps its place.
func stream[T any](ctx context.Context, e Embedder, items iter.Seq[T], text func(T) (string, error)) iter.Seq2[Embedded[T], error] {
	return func(yield func(Embedded[T], error) bool) {
		ctx, lent := lend.Take(ctx)
		ctx, cancel := context.WithCancel(ctx)
		var ahead *block[T] // sent and not yet yielded
		defer func() {
			cancel()
			ahead.wait()
		}()
		e := Chain(e)
		var fatal error
		more := true
		for b := range blocks(items, text) {
			last := ahead
			ahead = b
			go b.embed(ctx, e)
			if fatal, more = last.deliver(yield, lent); fatal != nil || !more {
				break
			}
		}
		if !more {
			return
		}
		if fatal != nil {
			cancel() // the block in flight keeps what it has paid for
		}
		late, more := ahead.deliver(yield, lent)
		if fatal = cmp.Or(fatal, late); fatal != nil && more {
			yield(Embedded[T]{}, fatal)
		}
	}
}

// blocks cuts items into blocks. A full block is yielded before the next item is read.
func blocks[T any](items iter.Seq[T], text func(T) (string, error)) iter.Seq[*block[T]] {
	return func(yield func(*block[T]) bool) {
		b := newBlock[T]()
		flush := func() bool {
			full := b
			b = newBlock[T]()
			return len(full.items) == 0 || yield(full)
		}
		for item := range items {
			s, err := text(item)
			if b.bytes+len(s) > blockBytes && !flush() {
				return
			}
			b.add(item, s, err)
			if len(b.items) == blockTexts && !flush() {
				return
			}
		}
		flush()
	}
}

// block is what Stream sends at once.
type block[T any] struct {
	items []Embedded[T]
	texts []string // of the items without an error
	at    []int    // the item of each text
	bytes int
	fatal error         // ends the stream; set by embed
	done  chan struct{} // closed at the end of embed
}

func newBlock[T any]() *block[T] { return &block[T]{done: make(chan struct{})} }

func (b *block[T]) add(item T, text string, err error) {
	if err == nil {
		b.at = append(b.at, len(b.items))
		b.texts = append(b.texts, text)
		b.bytes += len(text)
	}
	b.items = append(b.items, Embedded[T]{Item: item, Err: err})
}

// embed gives each item its vector or its error.
func (b *block[T]) embed(ctx context.Context, e Embedder) {
	defer close(b.done)
	res, err := e.Embed(ctx, Request{Texts: b.texts})
	failed := map[int]error{}
	if p, ok := errors.AsType[*PartialError](err); ok {
		for _, f := range p.Failed {
			failed[f.Index] = f.Err
		}
	} else if KindOf(err) == Rejected { // every text shares it
		for k := range b.texts {
			failed[k] = err
		}
	} else {
		b.fatal = err
	}
	got := Salvage(res, err).Vectors
	for k, i := range b.at {
		switch err := failed[k]; {
		case err != nil && KindOf(err) == Rejected:
			b.items[i].Err = err
		case err != nil:
			b.fatal = cmp.Or(b.fatal, err)
		case k < len(got):
			b.items[i].Vector = got[k]
		}
	}
}

func (b *block[T]) wait() {
	if b != nil {
		<-b.done
	}
}

// deliver waits for the answer and yields the items that have an error or a vector, which is a copy
// unless it is lent. It returns the error that ends the stream, and whether the loop wants more.
func (b *block[T]) deliver(yield func(Embedded[T], error) bool, lent bool) (fatal error, more bool) {
	if b == nil {
		return nil, true
	}
	b.wait()
	for _, item := range b.items {
		if item.Vector == nil && item.Err == nil {
			continue
		}
		if !lent {
			item.Vector = slices.Clone(item.Vector)
		}
		if !yield(item, nil) {
			return nil, false
		}
	}
	return b.fatal, true
}
