// Command production embeds through the whole stack: docs/production.md.
package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers"
)

func main() {
	ctx := context.Background()
	vectors, err := cache.New(cache.Options{}) // 256 MiB
	if err != nil {
		log.Fatal(err)
	}
	defer vectors.Close()
	e, err := open("static:base", vectors)
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		res, err := e.Embed(ctx, embedding.Request{Texts: []string{"The cat sleeps on the sofa.", "Interest rates rose again."}})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(res.Vectors), "vectors,", res.Usage.Reused, "from the cache")
	}
}

// open returns a provider with all that production needs around it.
func open(reference string, vectors *cache.Cache) (embedding.Embedder, error) {
	provider, err := providers.Open(reference)
	if err != nil {
		return nil, err // no key: the error names the variable to set
	}
	return embedding.Chain(provider,
		middleware.Observe(func(call middleware.Event) {
			slog.Debug("embedded", "texts", call.Texts, "took", call.Duration, "err", call.Err)
		}),
		vectors.Wrap,
		middleware.Standard(middleware.StandardOptions{}),
	), nil
}
