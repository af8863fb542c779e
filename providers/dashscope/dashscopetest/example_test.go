package dashscopetest_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// A program's own test against the emulator: 25 texts take 3 requests of at most 10. The program
// pays for each text once, although one connection is lost on the way.
func Example() {
	service, err := dashscopetest.New(dashscopetest.Options{
		Options: emulator.Options{
			Faults: []emulator.Fault{{Name: "reset", Next: 1}},
		},
	})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()

	e, err := dashscope.New(dashscope.Options{
		Model:      "text-embedding-v4",
		Dimensions: 64,
		Region:     "intl",
		BaseURL:    server.URL + dashscopetest.BasePath,
		Key:        emulator.DefaultKey,
	})
	if err != nil {
		panic(err)
	}
	e = embedding.Chain(e, middleware.Batch(middleware.BatchOptions{}), middleware.Retry(middleware.RetryOptions{}))

	texts := make([]string, 25)
	for i := range texts {
		texts[i] = fmt.Sprintf("paragraph %d", i)
	}
	vectors, err := embedding.Documents(context.Background(), e, texts)
	if err != nil {
		panic(err)
	}
	l := service.Ledger()
	fmt.Println(len(vectors), "vectors of", len(vectors[0]), "dimensions")
	fmt.Println(l.Requests, "requests,", l.Billed, "of them billed")
	fmt.Println(l.Texts, "texts billed,", l.Twice, "of them twice")
	// Output:
	// 25 vectors of 64 dimensions
	// 4 requests, 3 of them billed
	// 25 texts billed, 0 of them twice
}
