package dashscope_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/dashscopetest"
	"github.com/vecspace/embedding/providers/emulator"
)

// The service is an emulator here. Without BaseURL and Key the request goes to the service itself,
// with the key in DASHSCOPE_API_KEY.
func Example() {
	service, err := dashscopetest.New(dashscopetest.Options{})
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(service)
	defer server.Close()
	e, err := dashscope.New(dashscope.Options{
		Model: "text-embedding-v4", Dimensions: 512,
		BaseURL: server.URL + dashscopetest.BasePath, Key: emulator.DefaultKey,
	})
	if err != nil {
		panic(err)
	}
	vectors, err := embedding.Documents(context.Background(), e, []string{"The cat sleeps on the sofa.", "Interest rates rose again."})
	if err != nil {
		fmt.Println(err)
		return
	}
	query, err := embedding.Query(context.Background(), e, "a pet taking a nap")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(query), "dimensions, at most", e.Model().Limits.Texts, "texts in a request")
	fmt.Println(embedding.Cosine(query, vectors[0]) > embedding.Cosine(query, vectors[1]))
	// Output:
	// 512 dimensions, at most 10 texts in a request
	// true
}
