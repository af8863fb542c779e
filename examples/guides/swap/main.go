// Command swap is a langchaingo program whose provider is a string: docs/swap.md.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/tmc/langchaingo/embeddings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

func main() {
	embedder, err := open()
	if err != nil {
		log.Fatal(err)
	}
	vector, err := embedder.EmbedQuery(context.Background(), "how often do I cut the grass?")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(vector), "dimensions")
}

func open() (embeddings.Embedder, error) {
	e, err := providers.Open(os.Getenv("EMBEDDER")) // such as dashscope:text-embedding-v4
	if err != nil {
		return nil, err // no key: the error names the variable to set
	}
	e = embedding.Chain(e, middleware.Standard(middleware.StandardOptions{}))
	return langchaingo.New(e), nil
}
