package jina_test

import (
	"fmt"

	"github.com/vecspace/embedding/providers/jina"
)

func Example() {
	e, err := jina.New(jina.Options{Model: "jina-embeddings-v3", Dimensions: 256, Key: "the-key-from-your-vault"})
	if err != nil {
		fmt.Println(err)
		return
	}
	m := e.Model()
	fmt.Println(m.Space, m.Limits.TextTokens)
	// Output: jina/jina-embeddings-v3@256 8192
}
