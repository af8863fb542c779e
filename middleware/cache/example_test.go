package cache_test

import (
	"context"
	"fmt"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers/static"
)

// The cache stands outside the layers of Standard: a hit waits for nothing and costs nothing.
func Example() {
	vectors, err := cache.New(cache.Options{MaxBytes: 16 << 20})
	if err != nil {
		panic(err)
	}
	defer vectors.Close()
	e, err := static.New(static.Options{}) // or providers.Open
	if err != nil {
		panic(err)
	}
	e = embedding.Chain(e, vectors.Wrap, middleware.Standard(middleware.StandardOptions{}))
	for _, texts := range [][]string{{"a cat", "a dog"}, {"a dog", "a bird", "a cat"}} {
		res, err := e.Embed(context.Background(), embedding.Request{Texts: texts})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(res.Vectors), "vectors,", res.Usage.Reused, "from the cache")
	}
	// Output:
	// 2 vectors, 0 from the cache
	// 3 vectors, 2 from the cache
}
