package middleware

import (
	"context"
	"slices"
	"time"

	"github.com/vecspace/embedding"
)

// FallbackOptions are options of [Fallback]. The zero value asks one embedder at a time.
type FallbackOptions struct {
	// Patience is how long to wait for an embedder before the next one is asked too. The first vector
	// wins, and once each text has one the other requests are canceled; a provider may bill those. An
	// error waits for the embedders that are still out. With 0 or less the next one is asked only
	// after a failure.
	Patience time.Duration
}

// Fallback returns an Embedder that asks the first of embedders, and the next one for the texts
// that failed as Auth, RateLimited, Exhausted, Unavailable or Malformed. If all fail, the error
// is the one that can be retried soonest, so that a [Retry] around it waits no longer than
// necessary.
//
// All embedders must have one known Space and one Variant, because their vectors are mixed;
// otherwise Fallback returns an error. Each needs its own Breaker and Timeout, as [Stack] gives
// it.
func Fallback(o FallbackOptions, embedders ...embedding.Embedder) (embedding.Embedder, error) {
	m, err := joined("Fallback", embedders)
	if err != nil {
		return nil, err
	}
	r := &relay{embedders: guardedAll(embedders), patience: max(0, o.Patience)}
	return embedding.Wrap(r.embedders[0], m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		at := -1
		return r.embed(ctx, req, func() (int, bool) {
			at++
			return at, at < len(r.embedders)
		})
	}), nil
}

// guardedAll returns the embedders, each with a guard.
func guardedAll(embedders []embedding.Embedder) []embedding.Embedder {
	out := slices.Clone(embedders)
	for i, e := range out {
		out[i] = embedding.Chain(e)
	}
	return out
}
