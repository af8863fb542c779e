package middleware

import (
	"context"
	"fmt"

	"github.com/vecspace/embedding"
)

// Dimensions refuses a model of other than n dimensions before anything is sent, by an Invalid error. Where the model
// does not say its dimensions, each answer is checked instead, and one of another length is Malformed. It checks and does
// not convert: for shorter vectors ask the provider for them, or use Truncate. An n of 0 or less checks nothing.
func Dimensions(n int) embedding.Middleware {
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next) // guarded, and a nil one panics with a clear message
		m := next.Model()
		if n <= 0 || m.Dimensions == n {
			return next
		}
		fail := func(kind embedding.Kind, format string, args ...any) error {
			return &embedding.Error{Kind: kind, Provider: m.Provider, Model: m.ID, Endpoint: m.Endpoint, Err: fmt.Errorf(format, args...)}
		}
		return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			if req.Len() == 0 {
				return next.Embed(ctx, req)
			}
			if m.Dimensions > 0 {
				return embedding.Response{}, fail(embedding.Invalid,
					"the model has %d dimensions and %d are required: open it with that many, or change middleware.Dimensions", m.Dimensions, n)
			}
			res, err := next.Embed(ctx, req)
			for i, v := range embedding.Salvage(res, err).Vectors {
				if v != nil && len(v) != n {
					return embedding.Response{}, fail(embedding.Malformed, "the vector of text %d has %d dimensions and %d are required", i, len(v), n)
				}
			}
			return res, err
		})
	}
}
