package middleware

import (
	"cmp"
	"time"

	"github.com/vecspace/embedding"
)

// StandardOptions of Standard. The zero value is right for most: each layer's own defaults, and 60
// seconds for an attempt.
type StandardOptions struct {
	Coalesce CoalesceOptions
	Batch    BatchOptions
	Retry    RetryOptions
	Breaker  BreakerOptions
	Limit    LimitOptions
	Timeout  time.Duration // of an attempt; 0 is 60 s, negative is none
	Attempts func(Event)   // hears of each request that is really sent; may be nil
}

// Standard is the stack between a cache and a provider, in the one order that serves all of them:
//
//	Coalesce(Batch(Retry(Breaker(Limit(Timeout(Attempts(provider)))))))
//
// Around it go, where they are wanted, Observe, Dimensions and a cache's Wrap. An account's limits,
// and the pace that Limit learns without any, are the Middleware value's: two chains that share an
// account share one value.
func Standard(o StandardOptions) embedding.Middleware {
	layers := []embedding.Middleware{
		Coalesce(o.Coalesce),
		Batch(o.Batch),
		Retry(o.Retry),
		Breaker(o.Breaker),
		Limit(o.Limit),
		Timeout(cmp.Or(o.Timeout, time.Minute)),
		Attempts(o.Attempts),
	}
	return func(next embedding.Embedder) embedding.Embedder { return embedding.Chain(next, layers...) }
}
