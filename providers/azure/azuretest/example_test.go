package azuretest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/azure/azuretest"
	"github.com/vecspace/embedding/providers/emulator"
)

// A program's own test: Azure OpenAI loses a connection, and no text is paid for twice.
func Example() {
	service, err := azuretest.New(azuretest.Options{
		Options:     emulator.Options{Faults: []emulator.Fault{{Name: "reset", Next: 1}}},
		Deployments: map[string]string{"docs": "text-embedding-3-small"},
	})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()
	e, err := azure.New(azure.Options{
		Deployment: "docs", Model: "text-embedding-3-small", Endpoint: server.URL, Key: emulator.DefaultKey,
	})
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
	// 2 vectors of 1536 dimensions
	// 2 requests, 1 billed; 2 texts billed, 0 of them twice
}
