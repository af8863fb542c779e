package middleware

import (
	"context"
	"slices"
	"time"

	"github.com/vecspace/embedding"
)

// FallbackOptions of Fallback. The zero value asks one embedder at a time.
type FallbackOptions struct {
	// Patience is how long an embedder may take before the next one is asked as well; the first answer wins and the
	// others are cancelled, which a provider may bill all the same. 0 or less: the next one is asked only after a failure.
	Patience time.Duration
}

// Fallback returns an Embedder that asks the first of embedders and moves on to the next where it fails by Auth,
// RateLimited, Exhausted, Unavailable or Malformed. Only the texts that failed are asked again. When all fail, the
// error is the one that can be retried soonest, so that a Retry around it waits no longer than it must.
//
// All embedders must be of one known Space and one Variant, because their vectors are mixed; it is an error if they
// are not. Give each its own Breaker and Timeout:
//
//	middleware.Fallback(o, embedding.Chain(a, middleware.Breaker(b), middleware.Timeout(t)), ...)
func Fallback(o FallbackOptions, embedders ...embedding.Embedder) (embedding.Embedder, error) {
	m, err := joined("Fallback", embedders)
	if err != nil {
		return nil, err
	}
	r := &relay{embedders: guardedAll(embedders), patience: max(0, o.Patience)}
	return embedding.Wrap(r.embedders[0], m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		if req.Len() == 0 {
			return r.embedders[0].Embed(ctx, req)
		}
		at := -1
		return r.embed(ctx, req, func() (int, bool) {
			at++
			return at, at < len(r.embedders)
		})
	}), nil
}

func guardedAll(embedders []embedding.Embedder) []embedding.Embedder {
	out := slices.Clone(embedders)
	for i, e := range out {
		out[i] = embedding.Chain(e)
	}
	return out
}
