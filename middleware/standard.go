package middleware

import (
	"cmp"
	"fmt"
	"time"

	"github.com/vecspace/embedding"
)

// StandardOptions are options of [Standard] and [Stack]. The zero value is right for most: the
// defaults of each layer, and 60 seconds for an attempt.
type StandardOptions struct {
	Coalesce CoalesceOptions
	Batch    BatchOptions
	Retry    RetryOptions
	Breaker  BreakerOptions
	Limit    LimitOptions
	Timeout  time.Duration // of one attempt; 0 means 60 s, a negative value no timeout
	Attempts func(Event)   // called once per request that is sent; may be nil
}

// layers returns the standard layers in their order: those around all providers, then those
// around each of them. This is the only place that knows the order.
func (o StandardOptions) layers(limit embedding.Middleware) (around, each []embedding.Middleware) {
	return []embedding.Middleware{
			inLane(o.Limit.Lane),
			Coalesce(o.Coalesce),
			Batch(o.Batch),
			Retry(o.Retry),
		}, []embedding.Middleware{
			Breaker(o.Breaker),
			limit,
			Timeout(cmp.Or(o.Timeout, time.Minute)),
			Attempts(o.Attempts),
		}
}

// Standard applies the layers between a cache and a provider, in this order:
//
//	Coalesce(Batch(Retry(Breaker(Limit(Timeout(Attempts(provider)))))))
//
// Observe, Dimensions and a cache go around it; see [Stack] for all layers and for several
// providers. The state of [Limit], with the pace that it learns, belongs to the returned
// Middleware: chains that share an account share one value.
func Standard(o StandardOptions) embedding.Middleware {
	around, each := o.layers(Limit(o.Limit))
	return func(next embedding.Embedder) embedding.Embedder {
		return embedding.Chain(embedding.Chain(next, each...), around...)
	}
}

// StackOptions are options of [Stack].
type StackOptions struct {
	StandardOptions                      // each provider gets its own Breaker, Limit and Timeout
	Observe         func(Event)          // called once per call; may be nil
	Dimensions      int                  // what vectors must have; 0 means any
	Pieces          *PiecesOptions       // splits long texts; nil means that they are not split
	Cache           embedding.Middleware // the Wrap method of a cache; may be nil
	// Accounts are the Limits of the providers, in their order. Providers and stacks that share an
	// account share one value. nil, or a nil element, means a Limit of the provider's own.
	Accounts []embedding.Middleware
	// Join makes one Embedder of the providers, usually with [Fallback] or [Balance]. nil means
	// Fallback with its zero options, or a single provider as it is.
	Join func(providers ...embedding.Embedder) (embedding.Embedder, error)
}

// Stack returns one or several providers with all layers, in this order:
//
//	Observe(Dimensions(Pieces(Cache(
//		Coalesce(Batch(Retry(
//			Join(
//				Breaker(Limit(Timeout(Attempts(provider)))), ...))))))))
//
// It returns an error if there is no provider, if one is nil, or if Join or [Pieces] refuses them.
func Stack(o StackOptions, providers ...embedding.Embedder) (embedding.Embedder, error) {
	all := make([]embedding.Embedder, len(providers))
	var around, each []embedding.Middleware
	for i, p := range providers {
		if p == nil {
			return nil, fmt.Errorf("middleware.Stack: provider %d is nil", i)
		}
		limit := Limit(o.Limit)
		if i < len(o.Accounts) && o.Accounts[i] != nil {
			limit = o.Accounts[i]
		}
		around, each = o.layers(limit)
		all[i] = embedding.Chain(p, each...)
	}
	join := o.Join
	if join == nil {
		join = joinByDefault
	}
	e, err := join(all...)
	if err != nil {
		return nil, err
	}
	e = embedding.Chain(embedding.Chain(e, around...), o.Cache)
	if o.Pieces != nil {
		if e, err = Pieces(e, *o.Pieces); err != nil {
			return nil, err
		}
	}
	return embedding.Chain(e, Observe(o.Observe), Dimensions(o.Dimensions)), nil
}

func joinByDefault(providers ...embedding.Embedder) (embedding.Embedder, error) {
	if len(providers) == 1 {
		return providers[0], nil
	}
	return Fallback(FallbackOptions{}, providers...)
}
