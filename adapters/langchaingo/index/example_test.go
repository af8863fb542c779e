package index_test

import (
	"context"
	"fmt"
	"os"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo/index"
	"github.com/vecspace/embedding/providers/static"
)

// The second Sync embeds one text: what is unchanged is kept, and what is gone is deleted.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a folder of the example's own
	e, err := static.New(static.Options{})   // or providers.Open
	if err != nil {
		panic(err)
	}
	store, err := chromem.New(e, chromem.Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	synced, err := index.New(e, store, store.Index())
	if err != nil {
		panic(err)
	}
	for _, texts := range [][]string{
		{"Mow the lawn.", "Sharpen knives.", "Patch the tube."},
		{"Mow the lawn.", "Patch the tube.", "Bake bread."},
	} {
		var docs []schema.Document
		for _, text := range texts {
			docs = append(docs, schema.Document{PageContent: text})
		}
		done, err := index.Sync(context.Background(), synced, "the handbook", docs)
		if err != nil {
			fmt.Println(err) // sync again: what was paid for is stored
			return
		}
		fmt.Println(done)
	}
	// Output:
	// 3 added, 0 kept, 0 deleted
	// 1 added, 2 kept, 1 deleted
}
