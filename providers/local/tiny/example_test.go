package tiny_test

import (
	"context"
	"fmt"
	"os"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/local"
	"github.com/vecspace/embedding/providers/local/tiny"
)

// A test of a program that uses local models needs no download.
func Example() {
	folder, err := os.MkdirTemp("", "tiny")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // a folder of the example's own
	if err := tiny.Write(folder, tiny.Model{Hidden: 16, Length: 32}); err != nil {
		panic(err)
	}
	e, err := local.New(local.Options{Folder: folder})
	if err != nil {
		panic(err)
	}
	vector, err := embedding.Query(context.Background(), e, "a cat")
	fmt.Println(len(vector), "dimensions,", e.Model().Limits.TextTokens, "tokens at most, error", err)
	// Output:
	// 16 dimensions, 30 tokens at most, error <nil>
}
