package bm25_test

import (
	"context"
	"fmt"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/bm25"
	"github.com/vecspace/embedding/providers/static"
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

// Meaning finds what shares no word with the question, and words find the code. By meaning alone
// the second question finds the full disk.
func ExampleFuse() {
	ctx := context.Background()
	e, err := static.New(static.Options{}) // or providers.Open
	if err != nil {
		fmt.Println(err)
		return
	}
	ids := []string{"full", "worn", "fan", "missing"}
	texts := []string{
		"Error E1041: the disk is full, delete old files",
		"Error E1047: the drive is worn and must be replaced",
		"Error E2047: the fan does not turn, clean it",
		"Error E2041: the disk is not found",
	}
	vectors, err := embedding.Documents(ctx, e, texts)
	if err != nil {
		fmt.Println(err)
		return
	}
	index := bm25.New(ids, texts)
	for _, question := range []string{"no storage left", "E1047, does storage run out?"} {
		query, err := embedding.Query(ctx, e, question)
		if err != nil {
			fmt.Println(err)
			return
		}
		var meaning []bm25.Hit
		for i, v := range vectors {
			meaning = append(meaning, bm25.Hit{ID: ids[i], Score: float64(embedding.Cosine(query, v))})
		}
		words := index.Search(question, len(ids))
		hits := bm25.Fuse(meaning, words, bm25.Weight)
		fmt.Printf("%s: %s\n", question, hits[0].ID)
	}
	// Output:
	// no storage left: full
	// E1047, does storage run out?: worn
}
