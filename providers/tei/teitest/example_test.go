package teitest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/tei"
	"github.com/vecspace/embedding/providers/tei/teitest"
)

// A program's own test: the server loses a connection, and no text is paid for twice.
func Example() {
	service, err := teitest.New(emulator.Options{Faults: []emulator.Fault{{Name: "reset", Next: 1}}})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()
	e, err := tei.New(tei.Options{Model: teitest.DefaultModel, BaseURL: server.URL})
	if err != nil {
		panic(err)
	}
	e = embedding.Chain(e, middleware.Retry(middleware.RetryOptions{Pause: time.Millisecond}))
	vectors, err := embedding.Documents(context.Background(), e, []string{"a cat on a sofa", "interest rates"})
	if err != nil {
		fmt.Println(err)
		return
	}
	l := service.Ledger()
	fmt.Println(len(vectors), "vectors of", len(vectors[0]), "dimensions")
	fmt.Println(l.Requests, "requests,", l.Billed, "billed;", l.Texts, "texts billed,", l.Twice, "of them twice")
	// Output:
	// 2 vectors of 768 dimensions
	// 2 requests, 1 billed; 2 texts billed, 0 of them twice
}
