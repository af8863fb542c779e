package collection_test

import (
	"context"
	"fmt"
	"os"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/providers/static"
)

// What a collection holds, without the model that made its vectors.
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
	if _, err := store.AddDocuments(context.Background(), []schema.Document{
		{PageContent: "Mow the lawn.", Metadata: map[string]any{"page": 1}},
		{PageContent: "Sharpen knives.", Metadata: map[string]any{"page": 2}},
	}); err != nil {
		fmt.Println(err)
		return
	}

	reader := chromem.Folder(dir, "") // a collection.Reader, as are migrate.PGVector and migrate.Chroma
	about, err := reader.Describe(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(about.Documents, "documents of dimensions", about.Dimensions)
	pages := map[string]any{}
	for doc, err := range reader.Documents(context.Background(), "") {
		if err != nil {
			fmt.Println(err)
			return
		}
		pages[doc.PageContent] = collection.Own(doc.Metadata)["page"]
	}
	fmt.Println(pages)
	// Output:
	// 2 documents of dimensions [256]
	// map[Mow the lawn.:1 Sharpen knives.:2]
}
