// Package middleware holds what production needs around a provider, a layer a file. Outermost first, the order is
//
//	Observe(Dimensions(Cache(Coalesce(Batch(Retry(Fallback(Breaker(Limit(Timeout(Attempts(provider)))))))))))
//
// Standard is Coalesce to Attempts in one line. Fallback, Balance and Truncate stand in a provider's place: what can refuse is a
// constructor, so that building a Middleware never fails. docs/middleware.md gives each layer's reasons, options and recipes.
//
// Options' zero values are defaults. All layers are safe for concurrent use.
package middleware
