package middleware

import (
	"context"

	"github.com/vecspace/embedding"
)

// Dimensions checks that vectors have n dimensions. If the Model says otherwise, every call fails
// as Invalid before anything is sent. If the Model does not give its dimensions, an answer with
// another length is Malformed, with an [embedding.DimensionsError]. An n of 0 or less checks
// nothing.
//
// Dimensions does not convert: for shorter vectors ask the provider for them, or use [Truncate].
func Dimensions(n int) embedding.Middleware {
	return func(next embedding.Embedder) embedding.Embedder {
		next = embedding.Chain(next)
		m := next.Model()
		if n <= 0 || m.Dimensions == n {
			return next
		}
		return embedding.Wrap(next, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			if m.Dimensions > 0 {
				return embedding.Response{}, local(&m, embedding.Invalid, "",
					"the model has %d dimensions and %d are required: open it with that many, or change middleware.Dimensions", m.Dimensions, n)
			}
			res, err := next.Embed(ctx, req)
			for i, v := range embedding.Salvage(res, err).Vectors {
				if v != nil && len(v) != n {
					return embedding.Response{}, local(&m, embedding.Malformed, "", "%w",
						&embedding.DimensionsError{Index: i, Got: len(v), Want: n})
				}
			}
			return res, err
		})
	}
}
