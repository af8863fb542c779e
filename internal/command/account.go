package command

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/outlast"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

// account stands next to the providers. It counts what they bill, keeps a budget, and lets an
// interruption lose nothing: once stop has ended it sends nothing more, and requests that are under
// way go on until they are answered or their time is over.
type account struct {
	stop   context.Context
	budget sum // zero: none

	mu     sync.Mutex
	purse  *middleware.Budget
	usage  embedding.Usage
	cost   map[string]float64 // by currency
	free   int                // texts of models without a price
	open   int                // requests under way
	failed error              // of the last request, if it failed
}

// sum is an amount of money. Without a currency it is in the models' own.
type sum struct {
	amount   float64
	currency string
}

// table returns t with every embedder that it opens in the account.
func (a *account) table(t providers.Table) providers.Table {
	if t == nil {
		t = providers.Builtin()
	}
	out := make(providers.Table, len(t))
	for name, open := range t {
		out[name] = func(r ref.Ref) (embedding.Embedder, error) {
			e, err := open(r)
			if err != nil {
				return nil, err
			}
			return a.wrap(embedding.Chain(e))
		}
	}
	return out
}

func (a *account) wrap(e embedding.Embedder) (embedding.Embedder, error) {
	m := e.Model()
	if a.budget.amount > 0 && (m.Price.PerMillion > 0 || m.Endpoint != "") { // a model in this process costs nothing
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.purse == nil {
			if a.budget.currency == "" {
				a.budget.currency = m.Price.Currency
			}
			if a.budget.currency == "" {
				return nil, usagef("-budget: the price of %s:%s is unknown, so no budget can be kept", m.Provider, m.ID)
			}
			var err error
			if a.purse, err = middleware.NewBudget(a.budget.amount, a.budget.currency); err != nil {
				return nil, usageError{err}
			}
		}
		var err error
		if e, err = a.purse.Wrap(e); err != nil {
			return nil, usageError{err}
		}
	}
	return embedding.Wrap(e, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		if err := a.stop.Err(); err != nil {
			return embedding.Response{}, err
		}
		a.begin()
		ctx, end := outlast.Context(ctx, a.stop)
		defer end()
		res, err := e.Embed(ctx, req)
		a.end(m, len(req.Texts), res, err)
		return res, err
	}), nil
}

func (a *account) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open++
}

func (a *account) end(m embedding.Model, texts int, res embedding.Response, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open--
	u := embedding.Salvage(res, err).Usage
	a.usage, a.failed = a.usage.Add(u), err
	if m.Price.PerMillion > 0 {
		if a.cost == nil {
			a.cost = map[string]float64{}
		}
		a.cost[m.Price.Currency] += m.Price.PerMillion / 1e6 * float64(u.Tokens)
	} else {
		a.free += texts
	}
}

// underWay returns the number of requests under way.
func (a *account) underWay() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.open
}

// String returns tokens and cost, and the last failure while it lasts.
func (a *account) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := fmt.Sprintf("%d tokens", a.usage.Tokens)
	if a.usage.Unmetered > 0 {
		out = "at least " + out
	}
	for _, currency := range slices.Sorted(maps.Keys(a.cost)) {
		out += fmt.Sprintf(", %.4f %s", a.cost[currency], currency)
	}
	if a.free > 0 && len(a.cost) > 0 {
		out += " and what has no known price"
	}
	if a.failed != nil && !errors.Is(a.failed, embedding.Rejected) {
		first, _, _ := strings.Cut(a.failed.Error(), "\n")
		out += "; the last request failed: " + first
	}
	return out
}
