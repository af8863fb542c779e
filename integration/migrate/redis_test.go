package migrate_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/redisvector"

	"github.com/vecspace/embedding/adapters/langchaingo/index"
	"github.com/vecspace/embedding/adapters/langchaingo/index/redisindex"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
)

// TestSyncRedis: langchaingo's own redisvector store behind the guard is kept up to date, and
// results hold no reserved key.
func TestSyncRedis(t *testing.T) {
	url := servers.Valkey(t).URL
	f := embedtest.NewFake(embedtest.FakeOptions{})
	guarded, err := store.New(t.Context(), f, func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
		return redisvector.New(context.Background(), redisvector.WithConnectionURL(url), redisvector.WithIndexName("synced", true), redisvector.WithEmbedder(e))
	}, store.Options{Score: store.Distance})
	expect.NoError(t, err)
	options, err := redis.ParseURL(url)
	expect.NoError(t, err)
	client := redis.NewClient(options)
	defer client.Close()
	s, err := index.New(f, guarded, redisindex.New(client, "synced"))
	expect.NoError(t, err)
	sync := func(file string, from, to int) string {
		t.Helper()
		var docs []schema.Document
		for i := from; i < to; i++ {
			docs = append(docs, schema.Document{PageContent: text(i), Metadata: map[string]any{"file": file, "part": fmt.Sprint(i)}})
		}
		r, err := index.Sync(t.Context(), s, "folder", docs)
		expect.NoError(t, err)
		return r.String()
	}
	expect.Equal(t, "first", sync("a", 0, 450), "450 added, 0 kept, 0 deleted")
	calls := len(f.Calls())
	expect.Equal(t, "again", sync("a", 0, 450), "0 added, 450 kept, 0 deleted")
	expect.Equal(t, "renamed", sync("b", 0, 450), "450 added, 0 kept, 450 deleted")
	expect.Equal(t, "cut", sync("b", 100, 450), "0 added, 350 kept, 100 deleted")
	expect.Equal(t, "calls of the model", len(f.Calls()), calls)
	found, err := guarded.SimilaritySearch(t.Context(), text(200), 1)
	if err != nil || len(found) != 1 {
		t.Fatalf("got %v, %v, want a document", found, err)
	}
	for key := range found[0].Metadata {
		if key != "file" && key != "part" && key != "id" {
			t.Errorf("the result has the key %s", key)
		}
	}
}
