package cohere_test

import (
	"fmt"

	"github.com/vecspace/embedding/providers/cohere"
)

func Example() {
	e, err := cohere.New(cohere.Options{Model: "embed-v4.0", Dimensions: 1024, Key: "the-key-from-your-vault"})
	if err != nil {
		fmt.Println(err)
		return
	}
	m := e.Model()
	fmt.Println(m.Space, m.Limits.Texts)
	// Output: cohere/embed-v4.0@1024 96
}
