package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding/adapters/chromem"
)

// block is how many documents are stored at once: what is lost if the program is killed.
const block = 200

// name is a document's ID in the store.
func name(doc schema.Document) string { return fmt.Sprint(doc.Metadata["name"]) }

// index makes the store hold docs and nothing else. Unchanged documents cost nothing. After an
// error the store keeps what was embedded, so that the next run embeds only the rest.
func index(ctx context.Context, store *chromem.Store, docs []document, progress func(done, all int)) error {
	gone := map[string]schema.Document{}
	for id, doc := range store.All() {
		gone[id] = doc
	}
	var fresh []schema.Document
	for _, d := range docs {
		doc := schema.Document{PageContent: d.text, Metadata: d.metadata()}
		if old, ok := gone[d.name]; !ok || old.PageContent != doc.PageContent || !maps.Equal(old.Metadata, doc.Metadata) {
			fresh = append(fresh, doc)
		}
		delete(gone, d.name)
	}
	var ids []string
	for id := range gone {
		ids = append(ids, id)
	}
	if err := store.Delete(ctx, ids); err != nil {
		return err
	}
	for at := 0; at < len(fresh); at += block {
		progress(at, len(fresh))
		if _, err := store.AddDocuments(ctx, fresh[at:min(at+block, len(fresh))]); err != nil {
			return fmt.Errorf("indexing stopped at %d of %d documents; what is stored is kept: %w", store.Count(), len(docs), err)
		}
	}
	progress(len(fresh), len(fresh))
	return nil
}

// answer prints the documents that are nearest to a question, by any langchaingo vector store.
func answer(ctx context.Context, store vectorstores.VectorStore, question string, k int, out io.Writer) error {
	found, err := store.SimilaritySearch(ctx, question, k)
	if err != nil {
		return err
	}
	for i, doc := range found {
		fmt.Fprintf(out, "%2d  %.2f  %-24s %s\n", i+1, doc.Score, doc.Metadata["of"], short(fmt.Sprint(doc.Metadata["show"]), 100))
	}
	return nil
}

// short cuts s after n characters.
func short(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
