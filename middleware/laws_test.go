package middleware

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware/cache"
)

// chains are every layer alone, and the full stack.
func chains(t *testing.T) map[string]func(embedding.Embedder) embedding.Embedder {
	one := func(mw embedding.Middleware) func(embedding.Embedder) embedding.Embedder {
		return func(e embedding.Embedder) embedding.Embedder { return embedding.Chain(e, mw) }
	}
	must := func(e embedding.Embedder, err error) embedding.Embedder {
		expect.NoError(t, err)
		return e
	}
	hear := func(Event) {}
	return map[string]func(embedding.Embedder) embedding.Embedder{
		"Observe":          one(Observe(hear)),
		"Dimensions":       one(Dimensions(8)),
		"Coalesce":         one(Coalesce(CoalesceOptions{})),
		"Coalesce, Window": one(Coalesce(CoalesceOptions{Window: 100 * time.Microsecond})),
		"Batch":            one(Batch(BatchOptions{})),
		"Batch of 1":       one(Batch(BatchOptions{Parallel: 3, Limits: embedding.Limits{Texts: 1}})),
		"Batch by tokens":  one(Batch(BatchOptions{Limits: embedding.Limits{Tokens: 20, Bytes: 90}})),
		"Retry":            one(Retry(RetryOptions{})),
		"Breaker":          one(Breaker(BreakerOptions{})),
		"Limit":            one(Limit(LimitOptions{InFlight: 2, RPM: 1e9, TPM: 1e9})),
		"Limit of Bulk":    one(Limit(LimitOptions{InFlight: 2, RPM: 1e9, TPM: 1e9, Lane: Bulk})),
		"Timeout":          one(Timeout(time.Hour)),
		"Attempts":         one(Attempts(hear)),
		"Standard":         one(Standard(StandardOptions{})),
		"Standard of Bulk": one(Standard(StandardOptions{Limit: LimitOptions{InFlight: 2, Lane: Bulk}})),
		"Standard twice": func(e embedding.Embedder) embedding.Embedder {
			s := Standard(StandardOptions{})
			return embedding.Chain(e, s, s)
		},
		// Orders that docs/middleware.md allows.
		"Batch outside Cache": func(e embedding.Embedder) embedding.Embedder {
			c, err := cache.New(cache.Options{MaxBytes: 1 << 20})
			expect.NoError(t, err)
			t.Cleanup(c.Close)
			return embedding.Chain(e, Batch(BatchOptions{}), c.Wrap, Retry(RetryOptions{}))
		},
		"Retry outside Batch": one(func(e embedding.Embedder) embedding.Embedder {
			return embedding.Chain(e, Retry(RetryOptions{}), Batch(BatchOptions{}), Breaker(BreakerOptions{}))
		}),
		"Limit outside Retry around Batch": one(func(e embedding.Embedder) embedding.Embedder {
			return embedding.Chain(e, Batch(BatchOptions{}), Limit(LimitOptions{InFlight: 2}), Retry(RetryOptions{}), Timeout(time.Hour), Limit(LimitOptions{InFlight: 3}))
		}),
		"Coalesce, Window of 3 texts": one(Coalesce(CoalesceOptions{Window: 50 * time.Microsecond, Texts: 3})),
		"Fallback": func(e embedding.Embedder) embedding.Embedder {
			return must(Fallback(FallbackOptions{}, e, e))
		},
		"Balance": func(e embedding.Embedder) embedding.Embedder {
			return must(Balance(BalanceOptions{}, Target{Embedder: e, Weight: 2}, Target{Embedder: e, Weight: 1}))
		},
		"Stack": func(e embedding.Embedder) embedding.Embedder {
			return must(Stack(StackOptions{Observe: hear, Dimensions: 8}, e, e))
		},
		"Truncate": func(e embedding.Embedder) embedding.Embedder {
			return must(Truncate(e, 5, TruncateOptions{}))
		},
		"Pieces around Batch": func(e embedding.Embedder) embedding.Embedder {
			return must(Pieces(embedding.Chain(e, Batch(BatchOptions{})), PiecesOptions{Tokens: 4, Overlap: 2}))
		},
		"Stack with Pieces": func(e embedding.Embedder) embedding.Embedder {
			return must(Stack(StackOptions{Pieces: &PiecesOptions{Tokens: 6}}, e))
		},
		"Budget": func(e embedding.Embedder) embedding.Embedder {
			b, err := NewBudget(1e9, "USD")
			expect.NoError(t, err)
			return must(b.Wrap(e))
		},
	}
}

func TestLaws(t *testing.T) {
	for name, chain := range chains(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for provider, o := range map[string]embedtest.FakeOptions{
				"plain":        {},
				"symmetric":    {Model: embedding.Model{Symmetric: true}},
				"small":        {Model: embedding.Model{Limits: embedding.Limits{Texts: 4, Tokens: 60, TextTokens: 50}}},
				"small silent": {Model: embedding.Model{Limits: embedding.Limits{Tokens: 60, TextTokens: 50}}, Silent: true},
			} {
				if o.Silent && !strings.Contains(name, "Batch") && !strings.Contains(name, "Standard") {
					continue // nobody splits by tokens there
				}
				t.Run(provider, func(t *testing.T) {
					embedtest.Test(t, func(t *testing.T) embedtest.Subject {
						o.Model.Price = embedding.Price{PerMillion: 1, Currency: "USD"}
						f := embedtest.NewFake(o)
						return embedtest.Subject{Embedder: chain(embedding.Chain(f)), Ledger: f.Ledger}
					})
				})
			}
		})
	}
}

// TestNil: a nil embedder panics with words that help, whatever it is put into.
func TestNil(t *testing.T) {
	for name, chain := range chains(t) {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if p := recover(); !strings.Contains(fmt.Sprint(p), "the Embedder is nil") {
					t.Errorf("panicked with %v", p)
				}
			}()
			switch name {
			case "Fallback", "Balance", "Stack", "Stack with Pieces", "Pieces around Batch", "Truncate", "Budget":
				panic("the Embedder is nil") // constructors return an error, which other tests hold
			}
			chain(nil)
		})
	}
	for name, mw := range map[string]embedding.Middleware{
		"Observe": Observe(func(Event) {}), "Dimensions": Dimensions(3), "Coalesce": Coalesce(CoalesceOptions{}), "Batch": Batch(BatchOptions{}),
		"Retry": Retry(RetryOptions{}), "Breaker": Breaker(BreakerOptions{}), "Limit": Limit(LimitOptions{}), "Timeout": Timeout(1), "Standard": Standard(StandardOptions{}),
	} {
		t.Run(name+" alone", func(t *testing.T) {
			defer func() {
				if p := recover(); !strings.Contains(fmt.Sprint(p), "the Embedder is nil") {
					t.Errorf("panicked with %v", p)
				}
			}()
			mw(nil)
		})
	}
}
