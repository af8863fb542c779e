// Package stores_test holds langchaingo's vector stores, on real servers, against what the guard of adapters/langchaingo/store says
// of them, and what they do without it.
package stores_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	chromatypes "github.com/amikos-tech/chroma-go/types"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/rueidis"
	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/chroma"
	"github.com/tmc/langchaingo/vectorstores/pgvector"
	"github.com/tmc/langchaingo/vectorstores/redisvector"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/integration/servers"
)

type opener func(url, collection string) func(embeddings.Embedder) (vectorstores.VectorStore, error)

// kind is a sort of vector store. A server's URL is "" where there is none.
type kind struct {
	serve   func(testing.TB) *servers.Server
	open    opener
	options store.Options
	filter  func(key, value string) any
	// read returns the vectors of a collection by the store's own client.
	read func(t testing.TB, url, collection string) map[string][]float32
	// remove removes the collection through langchaingo.
	remove func(v vectorstores.VectorStore, collection string) error
	// approximate stores may miss a near document.
	approximate bool
	normalises  bool // it keeps a copy of length 1
	noNegative  bool // it leaves out results of a negative score
}

var kinds = map[string]kind{
	"pgvector": {
		serve:   servers.Postgres,
		open:    openPGVector(),
		filter:  func(key, value string) any { return map[string]any{key: value} },
		read:    readPGVector,
		options: store.Options{},
		remove: func(v vectorstores.VectorStore, _ string) error {
			return v.(pgvector.Store).DropTables(context.Background())
		},
	},
	"chroma": {
		serve:       servers.Chroma,
		open:        openChroma(chromatypes.COSINE),
		options:     store.Options{Score: store.Cosine},
		normalises:  true,
		filter:      func(key, value string) any { return map[string]any{key: value} },
		read:        readChroma,
		remove:      func(v vectorstores.VectorStore, _ string) error { return v.(chroma.Store).RemoveCollection() },
		approximate: true, noNegative: true,
	},
	"chroma by default": {
		serve:       servers.Chroma,
		open:        openChroma(chromatypes.L2),
		options:     store.Options{Score: store.OneMinusL2},
		filter:      func(key, value string) any { return map[string]any{key: value} },
		read:        readChroma,
		remove:      func(v vectorstores.VectorStore, _ string) error { return v.(chroma.Store).RemoveCollection() },
		approximate: true, noNegative: true,
	},
	"redisvector": {
		serve:   servers.Valkey,
		open:    openRedis,
		filter:  func(key, value string) any { return fmt.Sprintf("@%s:%s", key, value) },
		read:    readRedis,
		options: store.Options{},
		remove: func(v vectorstores.VectorStore, collection string) error {
			return v.(*redisvector.Store).DropIndex(context.Background(), collection, true)
		},
	},
}

// Each test process keeps one pool a server: a single pgx connection is not for several goroutines.
func openPGVector(opts ...pgvector.Option) opener {
	return func(url, collection string) func(embeddings.Embedder) (vectorstores.VectorStore, error) {
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
	return func(url, collection string) func(embeddings.Embedder) (vectorstores.VectorStore, error) {
		return func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
			s, err := chroma.New(chroma.WithChromaURL(url), chroma.WithNameSpace(collection), chroma.WithEmbedder(e), chroma.WithDistanceFunction(d))
			if err != nil {
				return nil, err
			}
			return s, nil
		}
	}
}

func openRedis(url, collection string) func(embeddings.Embedder) (vectorstores.VectorStore, error) {
	return func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
		s, err := redisvector.New(context.Background(), redisvector.WithConnectionURL(url), redisvector.WithIndexName(collection, true), redisvector.WithEmbedder(e))
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

// openChromem opens our own embedded store in a folder. It keeps its Space itself and needs no guard; behind one it works as well.
func openChromem(dir, collection string, model embedding.Model) func(embeddings.Embedder) (vectorstores.VectorStore, error) {
	return func(e embeddings.Embedder) (vectorstores.VectorStore, error) {
		model.Limits = embedding.Limits{} // they are the provider's, and what the guard hands on is embedded already
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
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	out := map[string][]float32{}
	// vector_send is the type's own wire format: dimensions and a spare as two bytes each, then float32 values, big-endian.
	rows, err := pool.Query(t.Context(), "SELECT document, vector_send(embedding) FROM e_"+collection)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		var raw []byte
		if err := rows.Scan(&text, &raw); err != nil {
			t.Fatal(err)
		}
		v := make([]float32, binary.BigEndian.Uint16(raw))
		for i := range v {
			v[i] = math.Float32frombits(binary.BigEndian.Uint32(raw[4+4*i:]))
		}
		keep(t, out, text, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// keep notes a document's vector; there is one document of a text.
func keep(t testing.TB, out map[string][]float32, text string, v []float32) {
	t.Helper()
	if _, twice := out[text]; twice {
		t.Errorf("%.40q is stored twice", text)
	}
	out[text] = v
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
		keep(t, out, text, got.Embeddings[i])
	}
	return out
}

func ask(t testing.TB, method, url string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, url, res.Status)
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		t.Fatal(err)
	}
}

func redisClient(t testing.TB, url string) rueidis.Client {
	t.Helper()
	o, err := rueidis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c, err := rueidis.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func readRedis(t testing.TB, url, collection string) map[string][]float32 {
	t.Helper()
	c := redisClient(t, url)
	out := map[string][]float32{}
	for cursor := uint64(0); ; {
		page, err := c.Do(t.Context(), c.B().Scan().Cursor(cursor).Match("doc:"+collection+":*").Count(500).Build()).AsScanEntry()
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range page.Elements {
			hash, err := c.Do(t.Context(), c.B().Hgetall().Key(key).Build()).AsStrMap()
			if err != nil {
				t.Fatal(err)
			}
			raw := hash["content_vector"]
			v := make([]float32, len(raw)/4)
			for i := range v {
				v[i] = math.Float32frombits(binary.LittleEndian.Uint32([]byte(raw[4*i:])))
			}
			keep(t, out, hash["content"], v)
		}
		if cursor = page.Cursor; cursor == 0 {
			return out
		}
	}
}

// corpus returns n different documents of eight languages, with what stores may trip over.
func corpus(n int) []schema.Document {
	forms := map[string]string{
		"en": "Notice %d: it's 5 o'clock; the \"ferry\" leaves\nat half past seven",
		"de": "Mitteilung %d: die Prüfung der Heizungsanlage ergab keine Mängel",
		"zh": "通知 %d:这座桥建于一九三二年,至今仍在使用。",
		"ru": "Объявление %d: поезд опоздал из-за снегопада",
		"ar": "إعلان %d: المكتبة مفتوحة للجميع",
		"ja": "お知らせ %d: 庭の梅が咲き始めました",
		"hi": "सूचना %d: बाज़ार में बहुत भीड़ थी",
		"xx": "🧾 %d '); DROP TABLE e; -- {\"$ne\": 1} @lang:{de} \\ %%s \u202e",
	}
	langs := slices.Sorted(maps.Keys(forms))
	out := make([]schema.Document, n)
	for i := range out {
		lang := langs[i%len(langs)]
		out[i] = schema.Document{PageContent: fmt.Sprintf(forms[lang], i), Metadata: map[string]any{"lang": lang, "n": i}}
	}
	return out
}

// says fails the test unless err holds all of the words.
func says(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("got %v, want %q", err, w)
		}
	}
}
