// Package weaviate_test tests langchaingo's weaviate with Weaviate.
package weaviate_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/weaviate"
	"github.com/weaviate/weaviate-go-client/v5/weaviate/filters"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/integration/internal/guarded"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
)

var kind = guarded.Kind{
	Name: "weaviate", Serve: servers.Weaviate, Open: opening("lang", "n", store.Key, store.VariantKey), Score: store.Certainty,
	Filter: func(key, value string) any {
		return filters.Where().WithPath([]string{key}).WithOperator(filters.Equal).WithValueString(value)
	},
	Read: read,
}

// opening takes the metadata to query: querying what was never written is an error.
func opening(attributes ...string) func(string, string, embedding.Model) guarded.Opening {
	return func(url, collection string, _ embedding.Model) guarded.Opening {
		return func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
			s, err := weaviate.New(weaviate.WithScheme("http"), weaviate.WithHost(strings.TrimPrefix(url, "http://")), weaviate.WithIndexName(collection),
				weaviate.WithQueryAttrs(attributes), weaviate.WithEmbedder(e))
			if err != nil {
				return nil, err
			}
			return s, nil
		}
	}
}

// read lists the objects of a class. JSON keeps float32 values exactly.
func read(t testing.TB, url, collection string) map[string][]float32 {
	t.Helper()
	out := map[string][]float32{}
	const page = 500
	for after := ""; ; {
		res, err := http.Get(fmt.Sprintf("%s/v1/objects?class=%s&include=vector&limit=%d&after=%s", url, collection, page, after))
		expect.NoError(t, err)
		var got struct {
			Objects []struct {
				ID         string
				Properties struct{ Text string }
				Vector     []float32
			}
		}
		err = json.NewDecoder(res.Body).Decode(&got)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("got %s and the error %v, want status 200 and none", res.Status, err)
		}
		for _, o := range got.Objects {
			guarded.Keep(t, out, o.Properties.Text, o.Vector)
			after = o.ID
		}
		if len(got.Objects) < page {
			return out
		}
	}
}

func TestGuarded(t *testing.T) { guarded.Test(t, kind) }

func TestChild(t *testing.T) { guarded.Child(t, kind) }

func TestTheServerDies(t *testing.T) { guarded.Dies(t, kind) }

func TestLangchaingoAsItIs(t *testing.T) {
	alone := kind
	alone.Open = opening("lang", "n")
	guarded.SameAsItIs(t, alone, map[string]string{
		"query embedded as": "query", "score of the cosine 0.6": "0.8", "adds nothing": "no error", "adds other dimensions": "no error", "stores other dimensions": "no",
		"searches other dimensions": "vector", "searches another model": "finds some", "embedder of the add": "used", "embedder of the search": "used", "edits metadata": "no",
		"deduplicater": "used", "threshold over all": "finds some",
	})
}
