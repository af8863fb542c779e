package local_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/local"
	"github.com/vecspace/embedding/providers/local/tiny"
)

// The folder is one of sentence-transformers; here it is a tiny model of random weights.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a folder of the example's own
	folder := filepath.Join(dir, "tiny")
	if err := tiny.Write(folder, tiny.Model{}); err != nil {
		panic(err)
	}
	table := providers.Builtin()
	table["local"] = local.Open
	e, err := table.Open("local:" + folder)
	if err != nil {
		panic(err)
	}
	res, err := e.Embed(context.Background(), embedding.Request{Texts: []string{"hello world"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(res.Vectors[0]), "dimensions,", res.Usage.Tokens, "tokens,", e.Model().Limits.TextTokens, "at most")
	// Output: 32 dimensions, 4 tokens, 62 at most
}
