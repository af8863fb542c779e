package full_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/full"
)

// A file may name any part: here a second tier on disk, which outlives the process.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a folder of the example's own
	file := "embedders: {search: {reference: static:base, cache: {tier: {disk: '" + filepath.ToSlash(filepath.Join(dir, "vectors.db")) + "'}}}}"
	for range 2 { // two runs of a program
		set, err := config.Read(strings.NewReader(file), full.Parts()) // or config.Load
		if err != nil {
			fmt.Println(err)
			return
		}
		e, err := set.Embedder("search")
		if err != nil {
			fmt.Println(err)
			return
		}
		res, err := e.Embed(context.Background(), embedding.Request{Texts: []string{"a cat", "a dog"}})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(res.Vectors), "vectors,", res.Usage.Reused, "from the cache")
		if err := set.Close(); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// 2 vectors, 0 from the cache
	// 2 vectors, 2 from the cache
}
