package embedding

import (
	"context"
	"slices"
)

// Chain wraps e in the guard, which owns the invariants (see the package documentation), and in mws, of which the
// first is outermost. An e that is guarded already is not guarded again. A nil Middleware is passed over. Chain
// panics if e is nil: there is nothing to build.
func Chain(e Embedder, mws ...Middleware) Embedder {
	if e == nil {
		panic("embedding: Chain: the Embedder is nil; was the error of its constructor checked?")
	}
	if !guarded(e) {
		e = &guard{next: e, model: e.Model().derived()}
	}
	for _, mw := range slices.Backward(mws) {
		if mw != nil {
			e = mw(e)
		}
	}
	return e
}

// Wrap returns an Embedder that produces what m says by calling embed; next is what embed asks, directly or not. The
// Model is an argument so that a layer's author has to think about it: a layer that changes texts must change
// m.Variant, one that changes vectors must change m.Space.
func Wrap(next Embedder, m Model, embed func(context.Context, Request) (Response, error)) Embedder {
	return &wrapped{next: next, model: m, embed: embed}
}

type wrapped struct {
	next  Embedder
	model Model
	embed func(context.Context, Request) (Response, error)
}

func (w *wrapped) Model() Model { return w.model }
func (w *wrapped) Embed(ctx context.Context, req Request) (res Response, err error) {
	res, err = w.embed(ctx, req) // into the results: returning the call costs another copy of them
	return res, err
}

// guarded reports whether a guard stands between e and its provider.
func guarded(e Embedder) bool {
	for {
		switch t := e.(type) {
		case *guard:
			return true
		case *wrapped:
			e = t.next
		default:
			return false
		}
	}
}

// Probe returns e with its dimensions, and the Space that follows from them, known: if e's Model does not say them, one
// word is embedded to learn them, which costs a request.
func Probe(ctx context.Context, e Embedder) (Embedder, error) {
	e = Chain(e)
	m := e.Model()
	if m.Dimensions > 0 {
		return e, nil
	}
	v, err := Query(ctx, e, "dimensions")
	if err != nil {
		return nil, err
	}
	m.Dimensions = len(v)
	return Wrap(e, m.derived(), e.Embed), nil
}
