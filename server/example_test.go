package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/vecspace/embedding/providers/static"
	"github.com/vecspace/embedding/server"
)

// Any client of OpenAI's API can ask this server, and clients of eight other services too.
func Example() {
	e, err := static.New(static.Options{}) // or a provider with middleware.Standard around it
	if err != nil {
		panic(err)
	}
	handler, err := server.New(server.Options{Models: map[string]server.Model{"search": {Embedder: e}}})
	if err != nil {
		panic(err)
	}
	running := httptest.NewServer(handler) // http.ListenAndServe("127.0.0.1:8090", handler)
	defer running.Close()

	res, err := http.Post(running.URL+"/v1/embeddings", "application/json",
		strings.NewReader(`{"model": "search", "input": ["a cat", "a dog"]}`))
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	var answer struct {
		Data []struct{ Embedding []float32 }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		panic(err)
	}
	fmt.Println(res.Status, len(answer.Data), "vectors of", len(answer.Data[0].Embedding))
	fmt.Println(res.Header.Get("X-Vecspace-Space"))
	// Output:
	// 200 OK 2 vectors of 256
	// static/base-706ceacb-t2@256
}
