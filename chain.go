package embedding

import (
	"context"
	"slices"
)

// Chain wraps e in the guard (see the package documentation) and in mws, the first of them
// outermost. An e with a guard does not get a second one, and a nil [Middleware] is skipped.
// Chain panics if e is nil.
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

// Wrap returns an Embedder that has the Model m and calls embed for each request with texts. next
// is the Embedder that embed asks, directly or not; empty requests go to it without embed.
//
// The Model is an argument so that the author of a layer has to think about it: a layer that
// changes texts must change m.Variant, and a layer that changes vectors must change m.Space.
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
	if len(req.Texts) == 0 {
		return w.next.Embed(ctx, req)
	}
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

// Probe returns e with known Dimensions, and with the Space that follows from them. If e's Model
// does not give its dimensions, Probe embeds one word, which costs a request.
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
