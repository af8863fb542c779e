package gemini_test

import (
	"fmt"

	"github.com/vecspace/embedding/providers/gemini"
)

func Example() {
	e, err := gemini.New(gemini.Options{Model: "gemini-embedding-001", Dimensions: 768, Key: "the-key-from-your-vault"})
	if err != nil {
		fmt.Println(err)
		return
	}
	m := e.Model()
	fmt.Println(m.Space, m.Limits.Texts)
	// Output: gemini/gemini-embedding-001@768 100
}
