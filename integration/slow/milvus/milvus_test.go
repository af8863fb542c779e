// Package milvus_test tests langchaingo's milvus/v2 with Milvus Lite.
package milvus_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/milvus-io/milvus/client/v2/column"
	"github.com/milvus-io/milvus/client/v2/entity"
	"github.com/milvus-io/milvus/client/v2/milvusclient"
	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/vectorstores"
	milvus "github.com/tmc/langchaingo/vectorstores/milvus/v2"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/integration/internal/guarded"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
)

var kind = guarded.Kind{
	Name: "milvus", Serve: servers.Milvus, Options: store.Options{Score: store.Cosine},
	Open: func(url, collection string, _ embedding.Model) guarded.Opening {
		return func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
			s, err := milvus.New(context.Background(), milvusclient.ClientConfig{Address: url}, milvus.WithCollectionName(collection),
				milvus.WithMetricType(entity.COSINE), milvus.WithEmbedder(e))
			if err != nil {
				return nil, err
			}
			return s, nil
		}
	},
	Filter: func(key, value string) any { return fmt.Sprintf("meta[%q] == %q", key, value) },
	Read:   read,
	NoIDs:  true, Makes: true,
}

func read(t testing.TB, url, collection string) map[string][]float32 {
	t.Helper()
	c, err := milvusclient.New(t.Context(), &milvusclient.ClientConfig{Address: url})
	expect.NoError(t, err)
	defer c.Close(context.Background())
	task, err := c.LoadCollection(t.Context(), milvusclient.NewLoadCollectionOption(collection))
	if err == nil {
		err = task.Await(t.Context())
	}
	expect.NoError(t, err)
	got, err := c.Query(t.Context(), milvusclient.NewQueryOption(collection).WithFilter("pk >= 0").WithLimit(10_000).WithOutputFields("text", "vector"))
	expect.NoError(t, err)
	vectors, ok := got.GetColumn("vector").(*column.ColumnFloatVector)
	if !ok {
		t.Fatalf("vectors are a %T", got.GetColumn("vector"))
	}
	out := map[string][]float32{}
	for i := range got.ResultCount {
		text, err := got.GetColumn("text").GetAsString(i)
		expect.NoError(t, err)
		guarded.Keep(t, out, text, vectors.Data()[i])
	}
	return out
}

func TestGuarded(t *testing.T) { guarded.Test(t, kind) }

func TestChild(t *testing.T) { guarded.Child(t, kind) }

func TestTheServerDies(t *testing.T) { guarded.Dies(t, kind) }

func TestLangchaingoAsItIs(t *testing.T) {
	guarded.SameAsItIs(t, kind, map[string]string{
		"query embedded as": "query", "score of the cosine 0.6": "0.6", "adds nothing": "panic", "adds other dimensions": "dim", "stores other dimensions": "no",
		"searches other dimensions": "dim", "searches another model": "finds some", "embedder of the add": "ignored", "embedder of the search": "ignored", "edits metadata": "no",
		"deduplicater": "ignored", "threshold over all": "finds some",
	})
}

// TestASearchMakesTheCollection: Milvus creates the collection at the first search, with the
// query's dimensions. New searches, so New is the first to fix a collection's dimensions.
func TestASearchMakesTheCollection(t *testing.T) {
	b := guarded.Serve(t, kind)
	b.Guard(t, guarded.Model("m", 32), "Made")
	_, err := b.Try(t, guarded.Model("m", guarded.Dimensions), "Made")
	expect.Says(t, "the error", err, "cannot be searched with a vector of 64 dimensions", "use another collection")
	guarded.Add(t, b.Guard(t, guarded.Model("m", 32), "Made"), 0, 20)
}
