package middleware_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
)

// A model that takes 64 tokens embeds a text of more than 600. A sentence behind it costs the last
// piece only: the cache has the others.
func ExamplePieces() {
	vectors, err := cache.New(cache.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer vectors.Close()
	provider := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Limits: embedding.Limits{TextTokens: 64}}})
	long, err := middleware.Stack(middleware.StackOptions{
		Cache:  vectors.Wrap,
		Pieces: &middleware.PiecesOptions{}, // as long as the model takes them, without overlap
	}, provider)
	if err != nil {
		fmt.Println(err)
		return
	}
	var text strings.Builder
	for i := range 40 {
		fmt.Fprintf(&text, "This is sentence number %d of a long document. ", i)
	}
	first, err := embedding.Documents(context.Background(), long, []string{text.String()})
	fmt.Println(len(first), err)
	before := provider.Ledger().Tokens
	text.WriteString("And this one is new.")
	second, err := embedding.Documents(context.Background(), long, []string{text.String()})
	fmt.Println(len(second), err, provider.Ledger().Tokens-before <= 64)
	fmt.Println(long.Model().Space, long.Model().Variant)
	// Output:
	// 1 <nil>
	// 1 <nil> true
	// fake/fake@8 pieces=64+0
}
