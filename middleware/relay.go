package middleware

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vecspace/embedding"
)

// relay asks several embedders of one Space until each text has its row or an error that another embedder would only
// repeat. Fallback and Balance differ in whom they ask next.
type relay struct {
	embedders []embedding.Embedder
	patience  time.Duration           // how long the last one asked may take before the next one is asked as well; 0: for ever
	answered  func(at int, err error) // hears the outcome of each embedder asked; may be nil
}

// movesOn reports whether another embedder may do better than one that failed by err.
func movesOn(err error) bool {
	switch embedding.KindOf(err) {
	case embedding.Auth, embedding.RateLimited, embedding.Exhausted, embedding.Unavailable, embedding.Malformed:
		return true
	}
	return unreachable(err)
}

// unreachable reports whether err is a provider's failure to connect that no repetition cures, such
// as a host that does not exist: package wire gives it this code.
func unreachable(err error) bool {
	e, ok := errors.AsType[*embedding.Error](err)
	return ok && e.Kind == embedding.Invalid && e.Code == "unreachable" && e.Status == 0
}

// embed asks the embedders in next's order; next returns false when nobody is left.
func (r *relay) embed(ctx context.Context, req embedding.Request, next func() (at int, ok bool)) (embedding.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		at  int
		idx []int
		res embedding.Response
		err error
	}
	var (
		m       = embedding.NewMerger(req.Len())
		open    = m.Missing() // texts that another embedder may still get right
		best    error         // of those that moved on: the one that can be retried soonest
		answers = make(chan answer)
		out     = 0 // embedders that have not answered yet
		hedge   = make(<-chan time.Time)
	)
	ask := func() {
		at, ok := next()
		if !ok {
			hedge = nil
			return
		}
		out++
		if r.patience > 0 {
			hedge = time.After(r.patience)
		}
		idx := open
		go func() {
			res, err := r.embedders[at].Embed(ctx, req.Pick(idx))
			answers <- answer{at, idx, res, err}
		}()
	}
	for ask(); out > 0; {
		select {
		case <-hedge:
			ask()
		case a := <-answers:
			out--
			if len(open) == 0 { // a slower one that was asked as well: its rows are there already, its usage counts
				m.Use(embedding.Salvage(a.res, a.err).Usage)
				continue
			}
			if r.answered != nil && ctx.Err() == nil {
				r.answered(a.at, a.err)
			}
			m.Add(a.idx, a.res, a.err)
			var left []int
			left, best = stillOpen(open, a.idx, a.err, best)
			if open = left; len(open) == 0 {
				cancel()
			} else if out == 0 && ctx.Err() == nil {
				ask()
			}
		}
	}
	if len(open) > 0 && best != nil {
		m.Add(open, embedding.Response{}, best)
	}
	return m.Result()
}

// stillOpen returns the texts of open that are open after err was answered for the texts idx, and the best error yet.
func stillOpen(open, idx []int, err, best error) ([]int, error) {
	if err == nil {
		return nil, best
	}
	failed := map[int]bool{} // by text: whether it moves on
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, f := range p.Failed {
			failed[idx[f.Index]] = movesOn(f.Err)
			if failed[idx[f.Index]] {
				best = sooner(best, f.Err)
			}
		}
	} else {
		moves := movesOn(err)
		for _, i := range idx {
			failed[i] = moves
		}
		if moves {
			best = sooner(best, err)
		}
	}
	var left []int
	for _, i := range open {
		if failed[i] {
			left = append(left, i)
		}
	}
	return left, best
}

// sooner returns the error that can be retried sooner: one that is worth a retry before one that is not, then the
// shorter RetryAfter, then the earlier one.
func sooner(a, b error) error {
	if a == nil {
		return b
	}
	retryA, afterA := retryable(a)
	retryB, afterB := retryable(b)
	if retryB && (!retryA || afterB < afterA) {
		return b
	}
	return a
}

func retryable(err error) (bool, time.Duration) {
	kind := embedding.KindOf(err)
	after := time.Duration(0)
	if e, ok := errors.AsType[*embedding.Error](err); ok {
		after = e.RetryAfter
	}
	return kind == embedding.RateLimited || kind == embedding.Unavailable, after
}

// joined returns the Model that stands for embedders of one Space and Variant, or says why they must not be mixed.
func joined(who string, embedders []embedding.Embedder) (embedding.Model, error) {
	if len(embedders) == 0 {
		return embedding.Model{}, fmt.Errorf("middleware.%s: no embedder was given", who)
	}
	var m embedding.Model
	for i, e := range embedders {
		if e == nil {
			return m, fmt.Errorf("middleware.%s: embedder %d is nil", who, i)
		}
		o := e.Model()
		switch {
		case o.Space == "":
			return m, fmt.Errorf("middleware.%s: the Space of embedder %d (%s:%s) is unknown: call embedding.Probe first", who, i, o.Provider, o.ID)
		case i == 0:
			m = o
			continue
		case !o.Space.Same(m.Space):
			hint := ""
			if o.ID == m.ID && o.Origin != m.Origin {
				hint = "; if both servers have one model, give both the same space (space= in a reference, Options.Space)"
			}
			return m, fmt.Errorf("middleware.%s: embedder %d is of the space %q and the first of %q: their vectors cannot be compared%s", who, i, o.Space, m.Space, hint)
		case o.Variant != m.Variant:
			return m, fmt.Errorf("middleware.%s: embedder %d has the variant %q and the first %q: they give one text different vectors", who, i, o.Variant, m.Variant)
		}
		m.Limits = m.Limits.Min(o.Limits)
		m.Normalized = m.Normalized && o.Normalized
		m.Symmetric = m.Symmetric && o.Symmetric
		if o.Endpoint != m.Endpoint {
			m.Endpoint = ""
		}
		if o.Price != m.Price {
			m.Price = embedding.Price{}
		}
	}
	return m, nil
}
