package migrate_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/providers"
)

func ExampleRun() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "migrate")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	before, after := filepath.Join(dir, "before"), filepath.Join(dir, "after")
	if err := index(ctx, before); err != nil {
		fmt.Println(err)
		return
	}

	e, err := providers.Open("static:base?dimensions=128") // the new model
	if err != nil {
		fmt.Println(err)
		return
	}
	plan := migrate.Plan{
		From: chromem.Folder(before, ""),
		To:   chromem.Folder(after, ""),
		Open: func(e embedding.Embedder) (vectorstores.VectorStore, error) {
			return chromem.New(e, chromem.Options{Dir: after})
		},
		Journal: filepath.Join(dir, "journal"),
	}
	for step, err := range migrate.Run(ctx, e, plan) {
		if err != nil {
			fmt.Println(err) // run it again: it goes on where it was
			return
		}
		if step.Report == nil {
			fmt.Println(step)
			continue
		}
		fmt.Println(step.Report.Moved, "moved,", step.Report.Searched, "searched for and found, problems:", len(step.Report.Problems))
	}
	// Output:
	// 2 of 2 documents read, 2 moved, 0 rejected
	// 2 moved, 2 searched for and found, problems: 0
}

// index makes a store of the old model.
func index(ctx context.Context, dir string) error {
	e, err := providers.Open("static:base")
	if err != nil {
		return err
	}
	store, err := chromem.New(e, chromem.Options{Dir: dir})
	if err != nil {
		return err
	}
	_, err = store.AddDocuments(ctx, []schema.Document{
		{PageContent: "The cat sleeps on the sofa.", Metadata: map[string]any{"page": 1}},
		{PageContent: "Interest rates rose again.", Metadata: map[string]any{"page": 2}},
	})
	return err
}
