package middleware

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/vecspace/embedding"
)

// relay asks several embedders until each text has its vector, or an error that another embedder
// would repeat. Fallback and Balance differ in which embedder they ask next.
type relay struct {
	embedders []embedding.Embedder
	patience  time.Duration           // before the next one is asked too; 0 means for ever
	answered  func(at int, err error) // called with the result of each embedder; may be nil
}

// movesOn reports whether another embedder may succeed after one failed with err.
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

// embed asks the embedders in the order of next, which returns false when none is left.
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
		m       = embedding.NewMerger(len(req.Texts))
		open    = m.Missing()     // texts without a vector
		final   = map[int]error{} // of open texts, the first error that another embedder would repeat
		best    error             // of the errors that moved on, the one that can be retried soonest
		answers = make(chan answer)
		out     = 0 // embedders that have not answered yet
		hedge   = make(<-chan time.Time)
	)
	ask := func() {
		hedge = nil
		idx := slices.DeleteFunc(slices.Clone(open), func(i int) bool { return final[i] != nil })
		if len(idx) == 0 {
			return
		}
		at, ok := next()
		if !ok {
			return
		}
		out++
		if r.patience > 0 {
			hedge = time.After(r.patience)
		}
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
			if len(open) == 0 { // a slower one that was asked too: only its usage is needed
				m.Use(embedding.Salvage(a.res, a.err).Usage)
				continue
			}
			if r.answered != nil && ctx.Err() == nil {
				r.answered(a.at, a.err)
			}
			m.Add(a.idx, a.res, a.err)
			for i, err := range failures(a.idx, a.err) {
				if movesOn(err) {
					best = sooner(best, err)
				} else if final[i] == nil {
					final[i] = err
				}
			}
			// An embedder that is still out may have what this one refused.
			if open = m.Missing(); len(open) == 0 {
				cancel()
			} else if out == 0 && ctx.Err() == nil {
				ask()
			}
		}
	}
	for _, i := range open {
		if err := cmp.Or(final[i], best); err != nil {
			m.Add([]int{i}, embedding.Response{}, err)
		}
	}
	return m.Result()
}

// failures yields the texts that failed by err, of a request for the texts idx, and their errors.
func failures(idx []int, err error) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		if p, ok := errors.AsType[*embedding.PartialError](err); ok {
			for _, f := range p.Failed {
				if !yield(idx[f.Index], f.Err) {
					return
				}
			}
			return
		}
		for _, i := range idx {
			if err != nil && !yield(i, err) {
				return
			}
		}
	}
}

// sooner returns the error that can be retried sooner: a retryable error before any other, then
// the one with the shorter RetryAfter, then a. a may be nil.
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

// joined returns the Model of all embedders together, or why their vectors must not be mixed.
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
