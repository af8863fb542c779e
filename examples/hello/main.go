package main

import (
	"context"
	"fmt"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers"
)

func main() {
	ctx := context.Background()
	e, err := providers.Open("static:base") // or "dashscope:text-embedding-v4", with a key in the environment
	if err != nil {
		panic(err)
	}
	docs, _ := embedding.Documents(ctx, e, []string{"The cat sleeps on the sofa.", "Interest rates rose again."})
	query, _ := embedding.Query(ctx, e, "a pet taking a nap")
	fmt.Printf("%.2f %.2f\n", embedding.Cosine(query, docs[0]), embedding.Cosine(query, docs[1]))
}
