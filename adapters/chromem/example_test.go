package chromem_test

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding/adapters/chromem"
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

// To update an index, add every document and delete the IDs that were not returned.
func ExampleStore_AddDocuments() {
	ctx := context.Background()
	e := embedtest.NewFake(embedtest.FakeOptions{}) // or providers.Open
	store, err := chromem.New(e, chromem.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, texts := range [][]string{{"one", "two", "three"}, {"one", "two, changed"}} {
		var docs []schema.Document
		for _, text := range texts {
			docs = append(docs, schema.Document{PageContent: text})
		}
		ids, err := store.AddDocuments(ctx, docs)
		if err != nil {
			fmt.Println(err)
			return
		}
		gone := slices.Collect(maps.Keys(maps.Collect(store.All())))
		gone = slices.DeleteFunc(gone, func(id string) bool { return slices.Contains(ids, id) })
		if err := store.Delete(ctx, gone); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(store.Count(), "documents,", e.Billed("one")+e.Billed("two")+e.Billed("three")+e.Billed("two, changed"), "texts embedded so far")
	}
	// Output:
	// 3 documents, 3 texts embedded so far
	// 2 documents, 4 texts embedded so far
}
