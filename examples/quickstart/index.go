package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo/index"
)

// origin names where the documents come from: a folder by its real path.
func origin(dir string) (string, error) {
	if dir == "" {
		return "the standard library", nil
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}

// indexing makes the store hold docs and nothing else. Texts that are there cost nothing, wherever
// they have moved to; what was embedded before an error is kept, so that the next run asks only for
// the rest. A store that holds something else is left as it is.
func indexing(ctx context.Context, e embedding.Embedder, store *chromem.Store, from string, docs []document, progress func(done int)) error {
	for at, err := range store.Index().List(ctx) {
		if err != nil {
			return err
		}
		if at.Source == "" {
			return errors.New("the -store was not made by this version of quickstart: use another folder for it, or delete this one and index again")
		}
		if at.Source != from {
			return fmt.Errorf("the -store holds an index of %s and not of %s: give each its own -store", at.Source, from)
		}
	}
	s, err := index.New(e, store, store.Index())
	if err != nil {
		return err
	}
	all := make([]schema.Document, len(docs))
	for i, d := range docs {
		all[i] = schema.Document{PageContent: d.text, Metadata: d.metadata()}
	}
	if _, err := index.Sync(ctx, &watched{Store: s, progress: progress}, from, all); err != nil {
		return fmt.Errorf("indexing stopped at %d of %d documents; what is stored is kept: %w", store.Count(), len(docs), err)
	}
	progress(0)
	return nil
}

// watched shows how many documents are added.
type watched struct {
	index.Store
	progress func(done int)
	done     int
}

func (w *watched) AddDocuments(ctx context.Context, docs []schema.Document, options ...vectorstores.Option) ([]string, error) {
	ids, err := w.Store.AddDocuments(ctx, docs, options...)
	w.done += len(docs)
	w.progress(w.done)
	return ids, err
}

// answer prints the documents that are nearest to a question, by any langchaingo vector store.
func answer(ctx context.Context, store vectorstores.VectorStore, question string, k int, out io.Writer) error {
	found, err := store.SimilaritySearch(ctx, question, k)
	if err != nil {
		return err
	}
	for i, doc := range found {
		of := strings.ReplaceAll(fmt.Sprint(doc.Metadata["of"]), "\n", `\u000a`) // an answer is one line
		fmt.Fprintf(out, "%2d  %.2f  %-24s %s\n", i+1, doc.Score, of, short(fmt.Sprint(doc.Metadata["show"]), 100))
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
