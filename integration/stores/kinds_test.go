// Package stores_test runs langchaingo's vector stores on real servers. It checks what
// adapters/langchaingo/store promises and what the stores do without its guard.
package stores_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"testing"

	chromatypes "github.com/amikos-tech/chroma-go/types"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/rueidis"
	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/chroma"
	"github.com/tmc/langchaingo/vectorstores/pgvector"
	"github.com/tmc/langchaingo/vectorstores/redisvector"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/integration/internal/guarded"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
)

type opener func(url, collection string) guarded.Opening

// ofAny is an opener for tests that work with any model.
func (o opener) ofAny(url, collection string, _ embedding.Model) guarded.Opening {
	return o(url, collection)
}

var (
	pgvectorKind = guarded.Kind{
		Name: "pgvector", Serve: servers.Postgres, Open: openPGVector().ofAny, Filter: pairs, Read: readPGVector,
		Remove: func(v vectorstores.VectorStore, _ string) error {
			return v.(pgvector.Store).DropTables(context.Background())
		},
	}
	chromaKind = guarded.Kind{
		Name: "chroma", Serve: servers.Chroma, Open: openChroma(chromatypes.COSINE).ofAny, Options: store.Options{Score: store.Cosine}, Filter: pairs, Read: readChroma,
		Remove:      func(v vectorstores.VectorStore, _ string) error { return v.(chroma.Store).RemoveCollection() },
		Approximate: true, Normalises: true, NoNegative: true,
	}
	redisKind = guarded.Kind{
		Name: "redisvector", Serve: servers.Valkey, Open: opener(openRedis).ofAny, Score: store.Distance,
		Filter: func(key, value string) any { return fmt.Sprintf("@%s:%s", key, value) }, Read: readRedis,
		Remove: func(v vectorstores.VectorStore, collection string) error {
			return v.(*redisvector.Store).DropIndex(context.Background(), collection, true)
		},
	}
	chromemKind = guarded.Kind{Name: "chromem", Open: openChromem, Filter: pairs}

	// kinds are the stores that have a server.
	kinds = []guarded.Kind{pgvectorKind, chromaKind, chromaByDefault(), redisKind}
)

// chromaByDefault is Chroma with the metric that it takes if nothing is said.
func chromaByDefault() guarded.Kind {
	k := chromaKind
	k.Name, k.Open, k.Options, k.Normalises = "chroma by default", openChroma(chromatypes.L2).ofAny, store.Options{Score: store.OneMinusL2}, false
	return k
}

func pairs(key, value string) any { return map[string]any{key: value} }

func TestGuarded(t *testing.T) {
	for _, k := range append([]guarded.Kind{chromemKind}, kinds...) {
		t.Run(k.Name, func(t *testing.T) { guarded.Test(t, k) })
	}
}

func TestChild(t *testing.T) { guarded.Child(t, kinds...) }

func TestTheServerDies(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) { guarded.Dies(t, k) })
	}
}

// Each test process keeps one pool a server: a single pgx connection is not for several goroutines.
func openPGVector(opts ...pgvector.Option) opener {
	return func(url, collection string) guarded.Opening {
		return func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
			pool, err := pgxpool.New(context.Background(), url)
			if err != nil {
				return nil, err
			}
			s, err := pgvector.New(context.Background(), append([]pgvector.Option{pgvector.WithConn(pool), pgvector.WithCollectionName(collection),
				pgvector.WithEmbeddingTableName("e_" + collection), pgvector.WithCollectionTableName("c_" + collection), pgvector.WithEmbedder(e)}, opts...)...)
			if err != nil {
				go pool.Close() // it would wait for the connection of the transaction that pgvector leaves open
				return nil, err
			}
			return s, nil
		}
	}
}

func openChroma(d chromatypes.DistanceFunction) opener {
	return func(url, collection string) guarded.Opening {
		return func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
			s, err := chroma.New(chroma.WithChromaURL(url), chroma.WithNameSpace(collection), chroma.WithEmbedder(e), chroma.WithDistanceFunction(d))
			if err != nil {
				return nil, err
			}
			return s, nil
		}
	}
}

func openRedis(url, collection string) guarded.Opening {
	return func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
		s, err := redisvector.New(context.Background(), redisvector.WithConnectionURL(url), redisvector.WithIndexName(collection, true), redisvector.WithEmbedder(e))
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

// openChromem opens our own embedded store in a folder. The store keeps its Space itself and needs
// no guard, and it works behind one too.
func openChromem(dir, collection string, model embedding.Model) guarded.Opening {
	return func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
		model.Limits = embedding.Limits{} // the provider's; the guard passes on texts that are embedded already
		ours, err := langchaingo.From(e, model)
		if err != nil {
			return nil, err
		}
		s, err := chromem.New(ours, chromem.Options{Dir: dir, Collection: collection})
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

func readPGVector(t testing.TB, url, collection string) map[string][]float32 {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	expect.NoError(t, err)
	defer pool.Close()
	out := map[string][]float32{}
	// vector_send is the type's own wire format, big-endian: the dimensions and a spare, two bytes
	// each, then float32 values.
	rows, err := pool.Query(t.Context(), "SELECT document, vector_send(embedding) FROM e_"+collection)
	expect.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var text string
		var raw []byte
		expect.NoError(t, rows.Scan(&text, &raw))
		v := make([]float32, binary.BigEndian.Uint16(raw))
		for i := range v {
			v[i] = math.Float32frombits(binary.BigEndian.Uint32(raw[4+4*i:]))
		}
		guarded.Keep(t, out, text, v)
	}
	expect.NoError(t, rows.Err())
	return out
}

func readChroma(t testing.TB, url, collection string) map[string][]float32 {
	t.Helper()
	var c struct{ ID string }
	ask(t, http.MethodGet, url+"/api/v1/collections/"+collection, nil, &c)
	var got struct {
		Documents  []string
		Embeddings [][]float32
	}
	ask(t, http.MethodPost, url+"/api/v1/collections/"+c.ID+"/get", map[string]any{"include": []string{"embeddings", "documents"}}, &got)
	out := map[string][]float32{}
	for i, text := range got.Documents {
		guarded.Keep(t, out, text, got.Embeddings[i])
	}
	return out
}

func ask(t testing.TB, method, url string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	expect.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	expect.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	expect.NoError(t, err)
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, url, res.Status)
	}
	expect.NoError(t, json.NewDecoder(res.Body).Decode(out))
}

func redisClient(t testing.TB, url string) rueidis.Client {
	t.Helper()
	o, err := rueidis.ParseURL(url)
	expect.NoError(t, err)
	c, err := rueidis.NewClient(o)
	expect.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func readRedis(t testing.TB, url, collection string) map[string][]float32 {
	t.Helper()
	c := redisClient(t, url)
	out := map[string][]float32{}
	for cursor := uint64(0); ; {
		page, err := c.Do(t.Context(), c.B().Scan().Cursor(cursor).Match("doc:"+collection+":*").Count(500).Build()).AsScanEntry()
		expect.NoError(t, err)
		for _, key := range page.Elements {
			hash, err := c.Do(t.Context(), c.B().Hgetall().Key(key).Build()).AsStrMap()
			expect.NoError(t, err)
			raw := hash["content_vector"]
			v := make([]float32, len(raw)/4)
			for i := range v {
				v[i] = math.Float32frombits(binary.LittleEndian.Uint32([]byte(raw[4*i:])))
			}
			guarded.Keep(t, out, hash["content"], v)
		}
		if cursor = page.Cursor; cursor == 0 {
			return out
		}
	}
}
