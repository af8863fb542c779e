package cache

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/vecspace/embedding"
)

// learner is a chain with a Store whose model does not give its dimensions, so that its Space is
// unknown. The first answer tells them. The first call embeds its first text alone, so that all
// others are looked up in the Store before they are paid for.
type learner struct {
	cache *Cache
	next  embedding.Embedder
	model embedding.Model
	turn  chan struct{} // has room for the one call that embeds its first text alone
	tried chan struct{} // closed when that call has an answer or its provider fails
	known atomic.Pointer[known]
}

// known is the chain after the first answer.
type known struct {
	view  *view
	chain embedding.Embedder
}

// learnable reports whether only the dimensions are lacking for a Space.
func learnable(m embedding.Model) bool {
	return m.Space == "" && m.Dimensions == 0 && derived(m, 1).Space != ""
}

// derived returns m with dimensions and the Space that follows from them, as Chain derives it.
func derived(m embedding.Model, dimensions int) embedding.Model {
	m.Dimensions = dimensions
	return embedding.Chain(embedding.Wrap(nil, m, nil)).Model()
}

func (l *learner) embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if k := l.known.Load(); k != nil {
		return k.chain.Embed(ctx, req)
	}
	if err := ctx.Err(); err != nil {
		return embedding.Response{}, err
	}
	select {
	case <-l.tried:
		return l.rest(ctx, req)
	default:
	}
	select {
	case l.turn <- struct{}{}:
		return l.first(ctx, req)
	case <-l.tried:
		return l.rest(ctx, req)
	case <-ctx.Done():
		return embedding.Response{}, ctx.Err()
	}
}

// tries is how many Rejected texts a first call leaves behind on its way to one with a vector.
const tries = 8

// first asks for the first text, and then for the others. A text that fails otherwise than as
// Rejected may not be to blame, so it is asked for again with the others.
func (l *learner) first(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	n := len(req.Texts)
	m := embedding.NewMerger(n)
	at := 0
	func() {
		var err error
		defer func() {
			if ctx.Err() != nil || rejected(err) {
				<-l.turn // the caller or its texts are to blame: another one tries
			} else {
				close(l.tried)
			}
		}()
		for range min(n, tries) {
			var res embedding.Response
			res, err = l.ask(ctx, req.Pick([]int{at}))
			if err != nil && n > at+1 && ctx.Err() == nil && !rejected(err) {
				m.Use(embedding.Salvage(res, err).Usage)
				return
			}
			m.Add([]int{at}, res, err)
			at++
			if err == nil || ctx.Err() != nil {
				return
			}
		}
	}()
	if at < n {
		others := make([]int, n-at)
		for i := range others {
			others[i] = at + i
		}
		res, err := l.rest(ctx, req.Pick(others))
		m.Add(others, res, err)
	}
	return m.Result()
}

// rejected reports whether the only text of a request is to blame for its error.
func rejected(err error) bool {
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		err = p.Failed[0].Err
	}
	return embedding.KindOf(err) == embedding.Rejected
}

// rest asks for texts behind the first request.
func (l *learner) rest(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	if k := l.known.Load(); k != nil {
		return k.chain.Embed(ctx, req)
	}
	return l.ask(ctx, req)
}

// ask asks next, learns from the answer and keeps it.
func (l *learner) ask(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	age := l.cache.now()
	res, err := l.next.Embed(ctx, req)
	rows := embedding.Salvage(res, err).Vectors
	at := slices.IndexFunc(rows, func(row []float32) bool { return row != nil })
	if at < 0 || len(rows) != len(req.Texts) {
		return res, err
	}
	m := derived(l.model, len(rows[at]))
	v := l.cache.view(l.next, m)
	if l.known.CompareAndSwap(nil, &known{v, v.wrap()}) {
		l.cache.tier.unknown.Add(-1)
	}
	(&call{v, moment{purges: age}}).Keep(ctx, req.Task, req.Texts, rows)
	return res, err
}
