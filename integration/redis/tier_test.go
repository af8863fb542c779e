package redis

import (
	"fmt"
	"slices"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/middleware/cache/redis"
	"github.com/vecspace/embedding/middleware/cache/storetest"
)

func client(t testing.TB, s *servers.Server) *goredis.Client {
	t.Helper()
	c, err := connect(s.URL)
	expect.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func tier(t testing.TB, c *goredis.Client, o redis.Options) *redis.Store {
	t.Helper()
	s, err := redis.New(c, o)
	expect.NoError(t, err)
	return s
}

func TestStoreContract(t *testing.T) {
	server := servers.PlainValkey(t)
	n := 0
	storetest.Test(t, func(t *testing.T) cache.Store {
		n++
		return tier(t, client(t, server), redis.Options{Prefix: fmt.Sprintf("[%d]*?\\", n), TTL: time.Hour})
	})
}

// TestServerThatDies: callers get their vectors while the server is away, and the server's own
// again when it is back.
func TestServerThatDies(t *testing.T) {
	server := servers.PlainValkey(t)
	f := embedtest.NewFake(embedtest.FakeOptions{})
	open := func(timeout time.Duration) (embedding.Embedder, *cache.Cache) {
		c, err := cache.New(cache.Options{MaxBytes: 1 << 20, StoreTimeout: timeout, Store: tier(t, client(t, server), redis.Options{})})
		expect.NoError(t, err)
		t.Cleanup(c.Close)
		return embedding.Chain(f, c.Wrap), c
	}
	texts := make([]string, 500)
	for i := range texts {
		texts[i] = fmt.Sprint("text ", i)
	}
	ask := func(e embedding.Embedder, texts ...string) embedding.Usage {
		t.Helper()
		res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
		expect.NoError(t, err)
		for i, text := range texts {
			if !slices.Equal(res.Vectors[i], f.Vector(0, text)) {
				t.Fatalf("%q has another's vector", text)
			}
		}
		return res.Usage
	}
	const ample = 20 * time.Second // on a busy machine the usual bound leaves out a part, as it should
	first, _ := open(ample)
	ask(first, texts...)
	synced(t, client(t, server))
	server.Kill(t)
	away, c := open(0)
	for i := range 20 {
		if u := ask(away, texts[i], fmt.Sprint("new ", i)); u.Reused != 0 {
			t.Fatalf("%+v while the server is away", u)
		}
	}
	if got := c.Stats().Tier; got.ReadErr == nil || got.WriteErr == nil || got.Failures > 6 || got.Unstored != 40 {
		t.Errorf("while the server is away: %+v", got)
	}
	server.Start(t)
	back, _ := open(ample)
	expect.Equal(t, "texts reused after kill -9 and a restart", ask(back, texts...).Reused, len(texts))
}

// synced waits until what the server holds is on its disk. While the disk is busy the server keeps
// up to two seconds of writes in its memory, and a kill -9 would take them.
func synced(t *testing.T, c *goredis.Client) {
	t.Helper()
	conn := c.Conn() // the server waits for the writes of a connection and all before
	defer func() { _ = conn.Close() }()
	expect.NoError(t, conn.Set(t.Context(), "synced", "", time.Minute).Err())
	n, err := conn.Do(t.Context(), "WAITAOF", 1, 0, (10 * time.Second).Milliseconds()).Slice()
	expect.NoError(t, err)
	expect.Equal(t, "disks that have it", n[0], any(int64(1)))
}

// BenchmarkGet reads 1,000 vectors of 1,024 dimensions from the tier and, in turn, the same values
// with a bare pipeline.
func BenchmarkGet(b *testing.B) {
	const n, dimensions = 1000, 1024
	c := client(b, servers.PlainValkey(b))
	s := tier(b, c, redis.Options{})
	keys, rows := make([]cache.Key, n), make([][]float32, n)
	for i := range keys {
		keys[i][8], keys[i][9] = byte(i), byte(i>>8)
		rows[i] = make([]float32, dimensions)
		for j := range rows[i] {
			rows[i][j] = float32(i*j) / 7
		}
	}
	expect.NoError(b, s.Set(b.Context(), keys, rows))
	names, err := c.Keys(b.Context(), "embedding:*").Result()
	if err != nil || len(names) != n {
		b.Fatalf("got %d keys and the error %v, want %d and none", len(names), err, n)
	}
	var ours, bare []time.Duration
	timed := func(to *[]time.Duration, do func()) {
		start := time.Now()
		do()
		*to = append(*to, time.Since(start))
	}
	for b.Loop() {
		timed(&ours, func() {
			got := make([][]float32, n)
			if err := s.Get(b.Context(), keys, got); err != nil || !slices.Equal(got[n-1], rows[n-1]) {
				b.Fatalf("got the error %v or another vector, want the stored one", err)
			}
		})
		timed(&bare, func() {
			pipe := c.Pipeline()
			answers := make([]*goredis.StringCmd, n)
			for i, name := range names {
				answers[i] = pipe.Get(b.Context(), name)
			}
			_, err := pipe.Exec(b.Context())
			expect.NoError(b, err)
			for _, a := range answers {
				if v, err := a.Bytes(); err != nil || len(v) != 8+4*dimensions {
					b.Fatalf("got %d bytes and the error %v, want %d and none", len(v), err, 8+4*dimensions)
				}
			}
		})
	}
	slices.Sort(ours)
	slices.Sort(bare)
	b.ReportMetric(float64(ours[len(ours)/2])/float64(bare[len(bare)/2]), "x-bare")
	b.ReportMetric(float64(bare[len(bare)/2].Microseconds())/n, "bare-us/vector")
	b.ReportMetric(0, "ns/op")
}

// TestPurgeLeavesOtherKeys: the application's keys begin like the cache's, and other caches' do.
func TestPurgeLeavesOtherKeys(t *testing.T) {
	c := client(t, servers.PlainValkey(t))
	key := cache.Key{1, 2, 3}
	fill := func(o redis.Options) *redis.Store {
		s := tier(t, c, o)
		expect.NoError(t, s.Set(t.Context(), []cache.Key{key}, [][]float32{{1}}))
		return s
	}
	s := fill(redis.Options{})
	other := fill(redis.Options{Prefix: "embedding:team-b:"})
	hexed := fill(redis.Options{Prefix: "embedding:0102030000000000:"})
	expect.NoError(t, c.Set(t.Context(), "embedding:jobs:42", "mine", 0).Err())
	expect.NoError(t, c.HSet(t.Context(), "embedding:index:docs", "a", "b").Err())
	pipe := c.Pipeline()
	for i := range 2500 { // more than one scan
		pipe.Set(t.Context(), fmt.Sprint("embedding:", i), i, 0)
	}
	_, err := pipe.Exec(t.Context())
	expect.NoError(t, err)
	for _, space := range [][]byte{key[:8], nil} {
		fill(redis.Options{})
		before, err := c.DBSize(t.Context()).Result()
		expect.NoError(t, err)
		expect.NoError(t, s.Purge(t.Context(), space))
		after, err := c.DBSize(t.Context()).Result()
		expect.NoError(t, err)
		expect.Equal(t, "keys removed", before-after, 1)
	}
	for _, kept := range []*redis.Store{other, hexed} {
		rows := make([][]float32, 1)
		expect.NoError(t, kept.Get(t.Context(), []cache.Key{key}, rows))
		expect.Equal(t, "the other cache's vector", rows[0], []float32{1})
	}
}
