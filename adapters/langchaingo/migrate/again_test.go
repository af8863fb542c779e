package migrate_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	sync "github.com/vecspace/embedding/adapters/langchaingo/index"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// After a migration the usual AddDocuments or Sync adds nothing and pays for nothing, and no
// reserved key is in results.
func TestAddAfterMigration(t *testing.T) {
	before := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "before"}})
	docs := []schema.Document{{PageContent: "a", Metadata: map[string]any{"n": 1}}, {PageContent: "b"}}
	for name, add := range map[string]func(e embedding.Embedder, s *chromem.Store) error{
		"AddDocuments": func(_ embedding.Embedder, s *chromem.Store) error {
			_, err := s.AddDocuments(t.Context(), docs)
			return err
		},
		"Sync": func(e embedding.Embedder, s *chromem.Store) error {
			x, err := sync.New(e, s, s.Index())
			if err == nil {
				_, err = sync.Sync(t.Context(), x, "folder", docs)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			after := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "after"}})
			from, to := t.TempDir(), t.TempDir()
			old, err := chromem.New(before, chromem.Options{Dir: from})
			expect.NoError(t, err)
			expect.NoError(t, add(before, old))
			var s *chromem.Store
			report(t, after, migrate.Plan{
				From: chromem.Folder(from, ""), To: chromem.Folder(to, ""), Journal: filepath.Join(t.TempDir(), "journal"), Sample: -1,
				Open: func(e embedding.Embedder) (vectorstores.VectorStore, error) {
					var err error
					s, err = chromem.New(e, chromem.Options{Dir: to})
					return s, err
				},
			})
			calls := len(after.Calls())
			expect.NoError(t, add(after, s))
			if s.Count() != 2 || len(after.Calls()) != calls {
				t.Errorf("got %d documents and %d more calls, want 2 and none", s.Count(), len(after.Calls())-calls)
			}
			found, err := s.SimilaritySearch(t.Context(), "a", 2)
			expect.NoError(t, err)
			for _, doc := range found {
				for key := range doc.Metadata {
					if strings.HasPrefix(key, "vecspace_") {
						t.Errorf("the result %q has the key %s", doc.PageContent, key)
					}
				}
			}
		})
	}
}

// Equal documents of the old collection, which pgvector's have after two adds, stay two; and the
// guard takes every reserved key out of results.
func TestEqualDocumentsStay(t *testing.T) {
	from := old(3)
	for i := range from.docs {
		from.docs[i].Document.Document = schema.Document{PageContent: "same", Metadata: map[string]any{store.Key: "s"}}
	}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	dir := t.TempDir()
	var s vectorstores.VectorStore
	report(t, f, migrate.Plan{
		From: from, To: chromem.Folder(dir, ""), Journal: filepath.Join(t.TempDir(), "journal"), Block: 2,
		Open: func(e embedding.Embedder) (vectorstores.VectorStore, error) {
			var err error
			s, err = chromem.New(e, chromem.Options{Dir: dir})
			return s, err
		},
	})
	found, err := s.SimilaritySearch(t.Context(), "same", 5)
	if err != nil || len(found) != 3 || len(found[0].Metadata) != 0 {
		t.Errorf("got %v, %v, want 3 documents without metadata", found, err)
	}
}
