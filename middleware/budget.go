package middleware

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/vecspace/embedding"
)

// Budget refuses requests that would spend more than about a given sum. Several embedders may share
// one. It is safe for concurrent use.
//
// What a request costs is known only after it: the provider counts the tokens. The sum is exceeded
// by at most what requests under way cost above their reservations, which [Budget.Wrap] describes.
// The next request is refused then.
type Budget struct {
	max      float64
	currency string

	mu       sync.Mutex
	spent    float64
	reserved float64 // the estimates of requests under way
	ratio    float64 // the highest of a counted cost to its estimate; 0 before the first
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
// high), and fails as Exhausted with [CodeBudget] if the budget does not cover it. If the provider
// has counted more than was estimated, reservations are higher by the highest such ratio so far.
// Before the provider has counted a request, only the first one under way reserves its estimate;
// others reserve a token per byte.
//
// Afterwards the request costs what the provider's usage says. It costs the estimate, by that
// ratio, if the provider counts no tokens, or if the request ended without an answer that shows
// whether it was billed. A refusal (HTTP status 400 and above) costs nothing.
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
		size := 0
		for _, text := range req.Texts {
			size += len(text)
		}
		held, cost, left := b.reserve(estimate, price*float64(size))
		if cost > left {
			return embedding.Response{}, local(&m, embedding.Exhausted, CodeBudget,
				"the request would cost about %.6f %s and %.6f of the budget of %.6f is left: raise it or ask for less",
				cost, b.currency, max(0, left), b.max)
		}
		counted := unknownCost // also if e panics
		defer func() { b.settle(estimate, held, counted) }()
		res, err := e.Embed(ctx, req)
		u := embedding.Salvage(res, err).Usage
		switch {
		case u.Unmetered > 0:
		case u.Tokens > 0:
			counted = price * float64(u.Tokens)
		case err == nil && u.Reused >= len(req.Texts), err != nil && refused(err):
			counted = 0
		}
		return res, err
	}), nil
}

// unknownCost is the cost of a request whose tokens nobody counted.
const unknownCost = -1.0

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

// reserve returns what a request would cost and how much is left, and reserves the cost if there is
// enough. settle takes back what is held.
func (b *Budget) reserve(estimate, most float64) (held, cost, left float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if held = estimate; b.ratio == 0 && b.reserved > 0 {
		held = max(estimate, most)
	}
	factor := max(1, b.ratio)
	cost, left = factor*held, b.max-b.spent-factor*b.reserved
	if cost <= left {
		b.reserved += held
	}
	return held, cost, left
}

func (b *Budget) settle(estimate, held, cost float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reserved -= held
	switch {
	case cost == unknownCost:
		cost = estimate * max(1, b.ratio)
	case cost > 0 && estimate > 0:
		b.ratio = max(b.ratio, cost/estimate)
	}
	b.spent += cost
}
