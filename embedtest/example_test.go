package embedtest_test

import (
	"context"
	"fmt"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
)

// A test of code that uses an Embedder: the provider refuses the first request, and the test looks
// at what was billed.
func Example() {
	fake := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
		if c.Number == 1 {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Unavailable, Status: 503}}
		}
		return embedtest.Reply{}
	}})
	e := embedding.Chain(fake, middleware.Retry(middleware.RetryOptions{Pause: 1}))
	vectors, err := embedding.Documents(context.Background(), e, []string{"a cat", "a dog"})
	fmt.Println(len(vectors), "vectors, error", err)
	fmt.Println(len(fake.Calls()), "calls, a text was billed", fake.Billed("a cat"), "time")
	// Output:
	// 2 vectors, error <nil>
	// 2 calls, a text was billed 1 time
}
