package middleware_test

import (
	"context"
	"fmt"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
)

// An index job of 10,000 requests and a search share an account of 600 requests a minute. The query
// is answered at once, and the job has what the queries leave.
func ExampleWithLane() {
	provider := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{Texts: 1}}})
	ctx, stop := context.WithCancel(context.Background())
	texts := make([]string, 10_000)
	for i := range texts {
		texts[i] = fmt.Sprintf("document %d", i)
	}
	job := make(chan error)

	e := embedding.Chain(provider, middleware.Standard(middleware.StandardOptions{
		Limit: middleware.LimitOptions{RPM: 600},
	}))
	go func() {
		_, err := embedding.Documents(middleware.WithLane(ctx, middleware.Bulk), e, texts)
		job <- err
	}()
	vector, err := embedding.Query(ctx, e, "a question") // does not wait for the job
	fmt.Println(len(vector), err)
	stop() // the job would go on for 18 minutes
	fmt.Println(<-job != nil)
	// Output:
	// 8 <nil>
	// true
}
