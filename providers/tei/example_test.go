package tei_test

import (
	"fmt"

	"github.com/vecspace/embedding/providers/tei"
)

func Example() {
	e, err := tei.New(tei.Options{Model: "BAAI/bge-m3", BaseURL: "http://127.0.0.1:8080"})
	if err != nil {
		fmt.Println(err)
		return
	}
	m := e.Model()
	fmt.Println(m.Space, m.Limits.Texts)
	// Output: tei/BAAI/bge-m3@1024 32
}
