package middleware_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
)

// The order of the layers, seen by a provider and by what stands between: a name is printed on
// the way in.
func Example_order() {
	var trace []string
	mark := func(name string) embedding.Middleware {
		return func(next embedding.Embedder) embedding.Embedder {
			return embedding.Wrap(next, next.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
				trace = append(trace, fmt.Sprintf("%s(%d)", name, len(req.Texts)))
				return next.Embed(ctx, req)
			})
		}
	}
	c, err := cache.New(cache.Options{})
	if err != nil {
		panic(err)
	}
	defer c.Close()
	provider := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 2}}})
	e := embedding.Chain(provider,
		mark("caller"),
		c.Wrap, mark("misses"),
		middleware.Coalesce(middleware.CoalesceOptions{}), mark("distinct"),
		middleware.Batch(middleware.BatchOptions{Parallel: 1}), mark("request"),
	)
	for range 2 {
		if _, err := embedding.Documents(context.Background(), e, []string{"a", "b", "c", "a"}); err != nil {
			fmt.Println(err)
		}
		fmt.Println(strings.Join(trace, " > "))
		trace = nil
	}
	// Output:
	// caller(4) > misses(4) > distinct(3) > request(2) > request(1)
	// caller(4)
}

// A provider that is down for two attempts: the caller sees one call, the account three attempts.
func ExampleStandard() {
	provider := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
		if c.Number < 3 {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Unavailable, Status: 503}}
		}
		return embedtest.Reply{}
	}})
	attempts := 0
	e := embedding.Chain(provider, middleware.Standard(middleware.StandardOptions{
		Retry:    middleware.RetryOptions{Pause: time.Millisecond},
		Attempts: func(middleware.Event) { attempts++ },
	}))
	_, err := embedding.Query(context.Background(), e, "hello")
	fmt.Println(err, attempts)
	// Output: <nil> 3
}

// Two regions of one service share a vector space, so one can stand in for the other.
func ExampleFallback() {
	model := embedding.Model{Space: "acme/large@8"}
	down := embedtest.NewFake(embedtest.FakeOptions{Model: model, Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Unavailable, Status: 503}}
	}})
	up := embedtest.NewFake(embedtest.FakeOptions{Model: model})
	guarded := func(e embedding.Embedder) embedding.Embedder {
		return embedding.Chain(e, middleware.Breaker(middleware.BreakerOptions{}), middleware.Timeout(10*time.Second))
	}
	both, err := middleware.Fallback(middleware.FallbackOptions{}, guarded(down), guarded(up))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = embedding.Query(context.Background(), both, "hello")
	fmt.Println(err, len(down.Calls()), len(up.Calls()))

	// Embedders of two spaces are refused: their vectors could not be compared.
	_, err = middleware.Fallback(middleware.FallbackOptions{}, up, embedtest.NewFake(embedtest.FakeOptions{}))
	fmt.Println(err)
	// Output:
	// <nil> 1 1
	// middleware.Fallback: embedder 1 is of the space "fake/fake@8" and the first of "acme/large@8": their vectors cannot be compared
}
