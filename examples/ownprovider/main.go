// Command ownprovider shows how to write a provider of your own in about 60 lines. The provider
// gets batching, retries, a cache and a place among the references for free.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

func main() {
	server := httptest.NewServer(http.HandlerFunc(serve))
	defer server.Close()
	if err := run(server.URL); err != nil {
		log.Fatal(err)
	}
}

func run(url string) error {
	table := providers.Builtin()
	table["acme"] = func(r ref.Ref) (embedding.Embedder, error) {
		return newAcme(url, http.DefaultClient), r.Decode(&struct{}{}) // it has no options
	}
	e, err := table.Open("acme:small-1")
	if err != nil {
		return err
	}
	c, err := cache.New(cache.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	e = embedding.Chain(e, c.Wrap, middleware.Standard(middleware.StandardOptions{}))

	texts := make([]string, 100)
	for i := range texts {
		texts[i] = fmt.Sprintf("text number %d", i%60)
	}
	res, err := e.Embed(context.Background(), embedding.Request{Texts: texts})
	if err != nil {
		return err
	}
	fmt.Printf("%d vectors of %s by %d requests, %d texts at no cost\n", len(res.Vectors), e.Model().Space, res.Usage.Requests, res.Usage.Reused)
	return nil
}

// serve stands for the server that the provider speaks to.
func serve(w http.ResponseWriter, r *http.Request) {
	var req struct{ Texts []string }
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return
	}
	vectors := make([][]float32, len(req.Texts))
	for i, text := range req.Texts {
		v := []float32{1, 0, 0, 0}
		for k, c := range []byte(text) {
			v[k%4] += float32(c)
		}
		vectors[i] = v
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"vectors": vectors}) // the client has gone if this fails
}
