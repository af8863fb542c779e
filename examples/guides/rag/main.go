// Command rag keeps an index of a folder up to date and searches it: docs/rag.md.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo/index"
	"github.com/vecspace/embedding/documents"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/providers"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: rag FOLDER INDEX QUESTION")
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, folder, dir, question string) error {
	e, err := providers.Open("static:base") // or any other reference
	if err != nil {
		return err
	}
	e = embedding.Chain(e, middleware.Standard(middleware.StandardOptions{}))
	store, err := chromem.New(e, chromem.Options{Dir: dir})
	if err != nil {
		return err // such as an index of another model
	}

	parts, out, err := documents.Folder(folder, documents.Options{})
	if err != nil {
		return err
	}
	for _, o := range out {
		log.Print(o) // a binary file, or a link out of the folder
	}
	docs := make([]schema.Document, len(parts))
	for i, part := range parts {
		docs[i] = schema.Document{PageContent: part.Text, Metadata: map[string]any{"file": part.File}}
	}
	synced, err := index.New(e, store, store.Index())
	if err != nil {
		return err
	}
	done, err := index.Sync(ctx, synced, folder, docs)
	if err != nil {
		return err // run it again: what was paid for is stored
	}
	fmt.Println(done)

	found, err := vectorstores.ToRetriever(store, 2).GetRelevantDocuments(ctx, question)
	if err != nil {
		return err
	}
	for _, d := range found {
		fmt.Printf("%.2f  %v: %s\n", d.Score, d.Metadata["file"], d.PageContent)
	}
	return nil
}
