package ollama_test

import (
	"fmt"

	"github.com/vecspace/embedding/providers/ollama"
)

func Example() {
	e, err := ollama.New(ollama.Options{Model: "nomic-embed-text", BaseURL: "http://127.0.0.1:11434", KeepAlive: "10m"})
	if err != nil {
		fmt.Println(err)
		return
	}
	m := e.Model()
	fmt.Println(m.Space, m.Limits.TextTokens)
	// Output: ollama/nomic-embed-text:latest@768 2041
}
