package middleware_test

import (
	"context"
	"fmt"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
)

// The recipes of docs/middleware.md.
func Example_recipes() {
	vectors, err := cache.New(cache.Options{})
	if err != nil {
		panic(err)
	}
	defer vectors.Close()
	model := embedding.Model{Price: embedding.Price{PerMillion: 0.07, Currency: "USD"}}
	provider := func() embedding.Embedder { return embedtest.NewFake(embedtest.FakeOptions{Model: model}) }
	if err := recipes(provider(), provider(), provider(), vectors); err != nil {
		panic(err)
	}
	// Output: four stacks of fake/fake@8
}

func recipes(e, first, second embedding.Embedder, vectors *cache.Cache) error {
	search := embedding.Chain(e, vectors.Wrap, middleware.Standard(middleware.StandardOptions{
		Coalesce: middleware.CoalesceOptions{Window: 2 * time.Millisecond},
		Retry:    middleware.RetryOptions{Budget: 3 * time.Second},
		Timeout:  2 * time.Second,
	}))

	nightly := embedding.Chain(e, middleware.Standard(middleware.StandardOptions{
		Batch: middleware.BatchOptions{Parallel: 16},
		Retry: middleware.RetryOptions{Budget: time.Hour, MaxWait: 10 * time.Minute},
		Limit: middleware.LimitOptions{RPM: 1800, TPM: 1_200_000},
	}))

	regions, err := middleware.Stack(middleware.StackOptions{
		StandardOptions: middleware.StandardOptions{Timeout: 10 * time.Second},
		Join: func(all ...embedding.Embedder) (embedding.Embedder, error) {
			return middleware.Fallback(middleware.FallbackOptions{Patience: 2 * time.Second}, all...)
		},
	}, first, second)
	if err != nil {
		return err // they are of two spaces, or one is unknown
	}

	budget, err := middleware.NewBudget(0.50, "USD")
	if err != nil {
		return err
	}
	cheap, err := budget.Wrap(e)
	if err != nil {
		return err // the model's price is unknown
	}
	free := embedding.Chain(cheap, vectors.Wrap, middleware.Standard(middleware.StandardOptions{
		Limit: middleware.LimitOptions{RPM: 3, InFlight: 1},
		Retry: middleware.RetryOptions{Budget: 10 * time.Minute},
	}))

	for _, stack := range []embedding.Embedder{search, nightly, regions, free} {
		if _, err := embedding.Query(context.Background(), stack, "hello"); err != nil {
			return err
		}
	}
	fmt.Println("four stacks of", search.Model().Space)
	return nil
}
