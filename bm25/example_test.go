package bm25_test

import (
	"fmt"

	"github.com/vecspace/embedding/bm25"
)

func Example() {
	index := bm25.New([]string{"flag", "http"}, []string{
		"flag parses command line flags",
		"http has an HTTP client and a server",
	})
	for _, hit := range index.Search("parse a command line flag", 10) {
		fmt.Printf("%s %.2f\n", hit.ID, hit.Score)
	}
	// Output: flag 1.57
}
