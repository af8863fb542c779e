package middleware

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/vecspace/embedding"
)

// Budget refuses requests before more than a given sum is spent. Several embedders may share one.
// It is safe for concurrent use.
type Budget struct {
	max      float64
	currency string

	mu       sync.Mutex
	spent    float64
	reserved float64 // for requests under way
}

// NewBudget returns a Budget of max in a currency (ISO 4217). It returns an error if max is not a
// positive number or the currency is missing: sums in two currencies are never added up.
func NewBudget(max float64, currency string) (*Budget, error) {
	if !(max > 0) || math.IsInf(max, 0) {
		return nil, fmt.Errorf("middleware.NewBudget: the sum is %v: it must be a positive number", max)
	}
	if currency == "" {
		return nil, errors.New("middleware.NewBudget: the currency is missing")
	}
	return &Budget{max: max, currency: currency}, nil
}

// Spent returns the sum spent so far, as [Budget.Wrap] counts it.
func (b *Budget) Spent() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent
}

// Wrap returns e with its requests counted against the budget, at the price of its Model. It
// returns an error if that price is unknown or in another currency. Put it around the provider,
// inside [Retry], because every attempt costs money.
//
// A request reserves the price of its estimated tokens ([embedding.EstimateTokens], which leans
// high), and fails as Exhausted with [CodeBudget] if the budget does not cover it. Afterwards it
// counts what the provider's usage says. It counts the estimate if the provider reports no usage,
// or if the request ended without an answer that shows whether it was billed. A refusal (HTTP
// status 400 and above) costs nothing.
func (b *Budget) Wrap(e embedding.Embedder) (embedding.Embedder, error) {
	if e == nil {
		return nil, errors.New("middleware.Budget: the embedder is nil")
	}
	e = embedding.Chain(e)
	m := e.Model()
	switch {
	case m.Price.PerMillion <= 0:
		return nil, fmt.Errorf("middleware.Budget: the price of %s:%s is unknown", m.Provider, m.ID)
	case m.Price.Currency != b.currency:
		return nil, fmt.Errorf("middleware.Budget: %s:%s is priced in %q and the budget is in %q", m.Provider, m.ID, m.Price.Currency, b.currency)
	}
	price := m.Price.PerMillion / 1e6
	return embedding.Wrap(e, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		estimate := price * float64(embedding.EstimateTokens(req.Texts...))
		if left, ok := b.reserve(estimate); !ok {
			return embedding.Response{}, local(&m, embedding.Exhausted, CodeBudget,
				"the request would cost about %.6f %s and %.6f of the budget of %.6f is left: raise it or ask for less",
				estimate, b.currency, left, b.max)
		}
		cost := estimate // counts if e panics
		defer func() { b.settle(estimate, cost) }()
		res, err := e.Embed(ctx, req)
		u := embedding.Salvage(res, err).Usage
		switch {
		case u.Unmetered > 0:
		case u.Tokens > 0 || err == nil:
			cost = price * float64(u.Tokens)
		case refused(err):
			cost = 0
		}
		return res, err
	}), nil
}

// refused reports whether nothing can have been billed: the provider refused the request, or it
// was never sent.
func refused(err error) bool {
	known := false
	for e := range causes(err) {
		known = true
		switch e.Kind {
		case embedding.Unavailable, embedding.Malformed, embedding.Unknown:
			if e.Status < 400 && e.Code != CodeOpen {
				return false
			}
		}
	}
	return known
}

func (b *Budget) reserve(cost float64) (left float64, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	left = b.max - b.spent - b.reserved
	if cost > left {
		return left, false
	}
	b.reserved += cost
	return left, true
}

func (b *Budget) settle(reserved, cost float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reserved -= reserved
	b.spent += cost
}
