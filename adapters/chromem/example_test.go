package chromem_test

import (
	"context"
	"fmt"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo/index"
	"github.com/vecspace/embedding/bm25"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/providers/static"
)

func Example() {
	ctx := context.Background()
	e, err := static.New(static.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := chromem.New(e, chromem.Options{}) // Dir: "index" keeps it
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := store.AddDocuments(ctx, []schema.Document{
		{PageContent: "The cat sleeps on the sofa.", Metadata: map[string]any{"page": 1}},
		{PageContent: "Interest rates rose again.", Metadata: map[string]any{"page": 2}},
	}); err != nil {
		fmt.Println(err)
		return
	}
	found, err := store.SimilaritySearch(ctx, "a pet taking a nap", 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(found[0].PageContent, found[0].Metadata["page"])
	found, err = store.SimilaritySearch(ctx, "a pet taking a nap", 1, vectorstores.WithFilters(map[string]any{"page": 2}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(found[0].PageContent)
	// Output:
	// The cat sleeps on the sofa. 1
	// Interest rates rose again.
}

// With Options.Words a search finds names and codes by their words, and the rest by meaning.
func ExampleOptions_words() {
	ctx := context.Background()
	e, err := static.New(static.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := chromem.New(e, chromem.Options{Words: bm25.Weight})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := store.AddDocuments(ctx, []schema.Document{
		{PageContent: "Error E1041: the disk is full, delete old files", Metadata: map[string]any{"server": "A3"}},
		{PageContent: "Error E1047: the drive is worn and must be replaced", Metadata: map[string]any{"server": "A3"}},
		{PageContent: "Error E2047: the fan does not turn, clean it", Metadata: map[string]any{"server": "A3"}},
		{PageContent: "Error E2041: the disk is not found", Metadata: map[string]any{"server": "A3"}},
		{PageContent: "Error E1041: the paper tray is empty", Metadata: map[string]any{"printer": "B5"}},
	}); err != nil {
		fmt.Println(err)
		return
	}
	a3 := vectorstores.WithFilters(map[string]any{"server": "A3"})
	for _, question := range []string{"no storage left", "E1047, does storage run out?"} {
		found, err := store.SimilaritySearch(ctx, question, 1, a3)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(found[0].PageContent)
	}
	// Output:
	// Error E1041: the disk is full, delete old files
	// Error E1047: the drive is worn and must be replaced
}

// index.Sync brings an index up to date.
func ExampleStore_Index() {
	ctx := context.Background()
	e := embedtest.NewFake(embedtest.FakeOptions{}) // or providers.Open
	store, err := chromem.New(e, chromem.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := index.New(e, store, store.Index())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, texts := range [][]string{{"one", "two", "three"}, {"new", "one", "two, changed"}} {
		var docs []schema.Document
		for i, text := range texts {
			docs = append(docs, schema.Document{PageContent: text, Metadata: map[string]any{"part": i}})
		}
		done, err := index.Sync(ctx, s, "the handbook", docs)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%v; one was embedded %d time\n", done, e.Billed("one"))
	}
	// Output:
	// 3 added, 0 kept, 0 deleted; one was embedded 1 time
	// 3 added, 0 kept, 3 deleted; one was embedded 1 time
}
