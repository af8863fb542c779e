// Package weaviate_test holds langchaingo's weaviate against Weaviate.
package weaviate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/weaviate"
	"github.com/weaviate/weaviate-go-client/v5/weaviate/filters"

	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/integration/servers"
	"github.com/vecspace/embedding/integration/slow"
)

func TestWeaviate(t *testing.T) {
	server := servers.Weaviate(t)
	opening := func(attributes ...string) slow.Store { // metadata that was never written may not be asked for
		return slow.Store{
			Open: func(collection string) func(embeddings.Embedder) (vectorstores.VectorStore, error) {
				return func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
					s, err := weaviate.New(weaviate.WithScheme("http"), weaviate.WithHost(server.Addr), weaviate.WithIndexName(collection),
						weaviate.WithQueryAttrs(attributes), weaviate.WithEmbedder(e))
					if err != nil {
						return nil, err
					}
					return s, nil
				}
			},
			Filter: filters.Where().WithPath([]string{"lang"}).WithOperator(filters.Equal).WithValueString("zh"),
		}
	}
	s, unguarded := opening("lang", store.Key), opening("lang")
	// The first write fails until the server has elected itself.
	var err error
	for range 60 {
		if _, err = unguarded.Raw(t, "Raw", slow.Model("m", 64)).AddDocuments(t.Context(), slow.Documents(20)); err == nil {
			break
		}
		time.Sleep(time.Second)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Run("as it is", func(t *testing.T) {
		raw := unguarded.Raw(t, "Raw", slow.Model("m", 64))
		short := unguarded.Raw(t, "Raw", slow.Model("m", 32))
		ids, err := short.AddDocuments(t.Context(), slow.Documents(21)[20:])
		if err != nil || len(ids) != 1 {
			t.Errorf("other dimensions are refused now: %v, %v", ids, err)
		}
		found, err := raw.SimilaritySearch(t.Context(), "q", 50)
		if err != nil || len(found) != 20 {
			t.Errorf("%d documents, %v", len(found), err)
		}
		if _, err = short.SimilaritySearch(t.Context(), "q", 1); err == nil || !strings.Contains(err.Error(), "vector") {
			t.Error(err)
		}
	})
	s.Guarded(t)
}
