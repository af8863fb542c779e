// Package milvus_test holds langchaingo's milvus/v2 against Milvus Lite.
package milvus_test

import (
	"context"
	"testing"

	"github.com/milvus-io/milvus/client/v2/entity"
	"github.com/milvus-io/milvus/client/v2/milvusclient"
	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/vectorstores"
	milvus "github.com/tmc/langchaingo/vectorstores/milvus/v2"

	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/integration/servers"
	"github.com/vecspace/embedding/integration/slow"
)

func TestMilvus(t *testing.T) {
	server := servers.Milvus(t)
	s := slow.Store{
		Open: func(collection string) func(embeddings.Embedder) (vectorstores.VectorStore, error) {
			return func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
				s, err := milvus.New(context.Background(), milvusclient.ClientConfig{Address: server.Addr}, milvus.WithCollectionName(collection),
					milvus.WithMetricType(entity.COSINE), milvus.WithEmbedder(e))
				if err != nil {
					return nil, err
				}
				return s, nil
			}
		},
		Options: store.Options{Score: store.Cosine},
		Filter:  `meta["lang"] == "zh"`,
	}
	t.Run("as it is", func(t *testing.T) {
		if slow.Panics(s.Raw(t, "Raw", slow.Model("m", 64))) == nil {
			t.Error("no documents are no panic any more")
		}
		raw := s.Raw(t, "Raw", slow.Model("m", 64))
		ids, err := raw.AddDocuments(t.Context(), slow.Documents(50))
		if err != nil || ids != nil {
			t.Errorf("it returns IDs now: %v, %v", ids, err)
		}
		found, err := raw.SimilaritySearch(t.Context(), "q", 10, vectorstores.WithScoreThreshold(.9))
		if err != nil || len(found) != 10 {
			t.Errorf("the threshold has an effect now: %d documents, %v", len(found), err)
		}
	})
	s.Guarded(t)
}
