package bedrocktest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/bedrock"
	"github.com/vecspace/embedding/providers/bedrock/bedrocktest"
	"github.com/vecspace/embedding/providers/emulator"
)

// A program's own test: Bedrock loses a connection, and no text is paid for twice.
func Example() {
	service, err := bedrocktest.New(bedrocktest.Options{Options: emulator.Options{Faults: []emulator.Fault{{Name: "reset", Next: 1}}}})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()
	e, err := bedrock.New(bedrock.Options{
		Model: "amazon.titan-embed-text-v2:0", Region: bedrocktest.DefaultRegion, BaseURL: server.URL,
		Credentials: func(context.Context) (bedrock.Credentials, error) { return bedrocktest.DefaultCredentials(), nil },
	})
	if err != nil {
		panic(err)
	}
	e = embedding.Chain(e, middleware.Batch(middleware.BatchOptions{}), middleware.Retry(middleware.RetryOptions{Pause: time.Millisecond}))
	vectors, err := embedding.Documents(context.Background(), e, []string{"a cat on a sofa", "interest rates"})
	if err != nil {
		fmt.Println(err)
		return
	}
	l := service.Ledger()
	fmt.Println(len(vectors), "vectors of", len(vectors[0]), "dimensions")
	fmt.Println(l.Requests, "requests,", l.Billed, "billed;", l.Texts, "texts billed,", l.Twice, "of them twice")
	// Output:
	// 2 vectors of 1024 dimensions
	// 3 requests, 2 billed; 2 texts billed, 0 of them twice
}
