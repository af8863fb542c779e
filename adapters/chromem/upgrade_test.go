package chromem_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/upgrade"
	"github.com/vecspace/embedding/providers/static"
	_ "github.com/vecspace/embedding/providers/static/base1"
)

// TestUpgrade opens a folder that an earlier version wrote, searches it and adds its documents
// again, which must cost nothing.
func TestUpgrade(t *testing.T) {
	base, err := static.New(static.Options{Model: "base1"})
	expect.NoError(t, err)
	asked := 0
	e := embedding.Wrap(base, base.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		asked += len(req.Texts)
		return base.Embed(ctx, req)
	})
	day := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	docs := []schema.Document{
		doc("The cat sleeps on the sofa.", map[string]any{"page": 1, "seen": day, "tags": []string{"pet", "home"}}),
		doc("Interest rates rose again.", map[string]any{"page": int64(2), "score": 3.0}),
		doc("Parse command line flags.", map[string]any{"page": uint8(3), "draft": true, "none": nil}),
	}
	dir := upgrade.Copy(t, "v0/chromem", func(dir string) {
		add(t, open(t, e, chromem.Options{Dir: dir}), docs...)
	})
	now, err := static.New(static.Options{})
	expect.NoError(t, err)
	_, err = chromem.New(now, chromem.Options{Dir: dir})
	upgrade.Refused(t, err, "static:base1")

	asked = 0
	s := open(t, e, chromem.Options{Dir: dir})
	expect.Equal(t, "documents", s.Count(), len(docs))
	found, err := s.SimilaritySearch(t.Context(), "a pet taking a nap", 1)
	expect.NoError(t, err)
	expect.Equal(t, "results", len(found), 1)
	expect.Equal(t, "the nearest text", found[0].PageContent, docs[0].PageContent)
	expect.Equal(t, "its metadata", found[0].Metadata, docs[0].Metadata)
	expect.Equal(t, "texts embedded for one query", asked, 1)
	add(t, s, docs...)
	expect.Equal(t, "documents after adding them again", s.Count(), len(docs))
	expect.Equal(t, "texts embedded after adding them again", asked, 1)

	d, err := chromem.Folder(dir, "").Describe(t.Context())
	expect.NoError(t, err)
	expect.Equal(t, "documents that a migration sees", d.Documents, len(docs))

	// What the refusal advises: a migration to the present edition.
	moved := filepath.Join(t.TempDir(), "moved")
	plan := migrate.Plan{From: chromem.Folder(dir, ""), To: chromem.Folder(moved, ""), Journal: filepath.Join(t.TempDir(), "journal"),
		Open: func(e embedding.Embedder) (vectorstores.VectorStore, error) {
			return chromem.New(e, chromem.Options{Dir: moved})
		}}
	for _, err := range migrate.Run(t.Context(), now, plan) {
		expect.NoError(t, err)
	}
	found, err = open(t, now, chromem.Options{Dir: moved}).SimilaritySearch(t.Context(), "a pet taking a nap", 1)
	expect.NoError(t, err)
	expect.Equal(t, "the nearest text in the present edition", found[0].PageContent, docs[0].PageContent)

	// Earlier versions wrote in place, so a kill left half a file. It is absent and embedded again.
	expect.NoError(t, os.Truncate(documents(t, dir)[0], 10))
	s = open(t, e, chromem.Options{Dir: dir})
	expect.Equal(t, "documents beside an unfinished one", s.Count(), len(docs)-1)
	add(t, s, docs...)
	expect.Equal(t, "texts embedded after the unfinished one is added again", asked, 2)
	expect.Equal(t, "documents in the end", open(t, e, chromem.Options{Dir: dir}).Count(), len(docs))
}
