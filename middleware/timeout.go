package middleware

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/vecspace/embedding"
)

// Timeout ends an attempt after d. The error is Unavailable with [CodeTimeout] and no context
// error, so that Retry and Fallback act on it: only the caller's own context ends the caller. It
// belongs inside [Limit], so that the wait for a slot does not count. 0 or less means no timeout.
func Timeout(d time.Duration) embedding.Middleware {
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next)
		if d <= 0 {
			return next
		}
		m := next.Model()
		return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			attempt, cancel := context.WithTimeout(ctx, d)
			defer cancel()
			res, err := next.Embed(attempt, req)
			if err == nil || attempt.Err() == nil {
				return res, err
			}
			// The attempt's time is up. If the caller left at the same moment, the caller's error counts.
			end := ctx.Err()
			if end == nil {
				end = local(&m, embedding.Unavailable, CodeTimeout,
					"no answer within %v: allow more time by middleware.Timeout, or send less at once", d)
			}
			if p, ok := errors.AsType[*embedding.PartialError](err); ok {
				out := &embedding.PartialError{Response: p.Response, Failed: slices.Clone(p.Failed)}
				for i, f := range out.Failed {
					if errors.Is(f.Err, context.DeadlineExceeded) {
						out.Failed[i].Err = end
					}
				}
				return embedding.Response{}, out
			}
			if errors.Is(err, context.DeadlineExceeded) {
				return embedding.Response{}, end
			}
			return res, err
		})
	}
}
