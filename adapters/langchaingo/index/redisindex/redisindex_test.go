package redisindex_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding/adapters/langchaingo/index"
	"github.com/vecspace/embedding/adapters/langchaingo/index/redisindex"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// hashes writes what redisvector does: a hash per document, whose key is "doc:", the index's name
// and a random ID.
type hashes struct {
	client redis.UniversalClient
	name   string
	n      int
}

func (h *hashes) AddDocuments(ctx context.Context, docs []schema.Document, options ...vectorstores.Option) ([]string, error) {
	var o vectorstores.Options
	for _, option := range options {
		option(&o)
	}
	var ids []string
	for _, doc := range docs {
		v, err := o.Embedder.EmbedDocuments(ctx, []string{doc.PageContent})
		if err != nil {
			return nil, err
		}
		var data []byte
		for _, x := range v[0] {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
		h.n++
		id := fmt.Sprintf("doc:%s:%d", h.name, h.n)
		values := []any{"content", doc.PageContent, "content_vector", data}
		for key, value := range doc.Metadata {
			values = append(values, key, fmt.Sprint(value))
		}
		if err := h.client.HSet(ctx, id, values...).Err(); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (h *hashes) SimilaritySearch(context.Context, string, int, ...vectorstores.Option) ([]schema.Document, error) {
	return nil, errors.ErrUnsupported
}

// Two indexes, one of whose names begins with the other's, and a name that is a pattern, do not
// touch each other.
func TestSync(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	defer client.Close()
	f := embedtest.NewFake(embedtest.FakeOptions{})
	names := []string{"n", "n:m", "nm", "*", "[n]?"}
	sync := func(name string, h *hashes, texts ...string) string {
		t.Helper()
		s, err := index.New(f, h, redisindex.New(client, name))
		expect.NoError(t, err)
		var docs []schema.Document
		for i, text := range texts {
			docs = append(docs, schema.Document{PageContent: text, Metadata: map[string]any{"part": i}})
		}
		r, err := index.Sync(t.Context(), s, "folder", docs)
		expect.NoError(t, err)
		return r.String()
	}
	var many []string
	for i := range 1100 {
		many = append(many, fmt.Sprint("text ", i))
	}
	for _, name := range names {
		h := &hashes{client: client, name: name}
		expect.Equal(t, name+" first", sync(name, h, many...), "1100 added, 0 kept, 0 deleted")
		paid := len(f.Calls())
		expect.Equal(t, name+" again", sync(name, h, many...), "0 added, 1100 kept, 0 deleted")
		expect.Equal(t, name+" moved", sync(name, h, slices.Concat(many[1:], many[:1])...), "1100 added, 0 kept, 1100 deleted")
		expect.Equal(t, name+" calls", len(f.Calls()), paid)
	}
	n, err := client.DBSize(t.Context()).Result()
	expect.NoError(t, err)
	expect.Equal(t, "hashes", n, int64(1100*len(names)))
	expect.Equal(t, "shrunk", sync("n", &hashes{client: client, name: "n"}), "0 added, 0 kept, 1100 deleted")
	n, err = client.DBSize(t.Context()).Result()
	expect.NoError(t, err)
	expect.Equal(t, "hashes of the others", n, int64(1100*(len(names)-1)))
}
