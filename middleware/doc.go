// Package middleware has the layers that production needs around a provider. From the outside in,
// their order is
//
//	Observe(Dimensions(Pieces(Cache(
//		Coalesce(Batch(Retry(
//			Fallback(
//				Breaker(Limit(Timeout(Attempts(provider)))), ...))))))))
//
// [Standard] applies the layers from [Coalesce] to [Attempts], without [Fallback]. [Stack]
// applies all of them, to one or several providers, and [Pieces] only if asked to. Package cache
// has the cache. [Budget] goes around a provider.
//
// Building an [embedding.Middleware] never fails. Layers that check their arguments ([Fallback],
// [Balance], [Pieces], [Truncate], [Budget.Wrap]) take an Embedder and return an error.
//
// The zero value of each option means its default. All layers are safe for concurrent use.
// docs/middleware.md gives the reasons for the order, a table of all layers and recipes.
package middleware
