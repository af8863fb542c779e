package redis_test

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/upgrade"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/middleware/cache/redis"
	"github.com/vecspace/embedding/middleware/cache/storetest"
	"github.com/vecspace/embedding/providers/ref"
	"github.com/vecspace/embedding/providers/static"
	_ "github.com/vecspace/embedding/providers/static/base1" // which TestFirstEdition opens
)

func connect(t *testing.T, addr string) *goredis.Client {
	c := goredis.NewClient(&goredis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1})
	t.Cleanup(func() { c.Close() })
	return c
}

func open(t *testing.T, client *goredis.Client, o redis.Options) *redis.Store {
	t.Helper()
	s, err := redis.New(client, o)
	expect.NoError(t, err)
	return s
}

func TestStoreContract(t *testing.T) {
	server := miniredis.RunT(t)
	storetest.Test(t, func(t *testing.T) cache.Store {
		server.FlushAll()
		return open(t, connect(t, server.Addr()), redis.Options{Prefix: "a*b[c]?\\:"})
	})
}

func TestPrefixesAreApart(t *testing.T) {
	server := miniredis.RunT(t)
	client := connect(t, server.Addr())
	a, b := open(t, client, redis.Options{Prefix: "a*"}), open(t, client, redis.Options{Prefix: "ab"})
	keys, rows := []cache.Key{{1}}, [][]float32{{1}}
	for _, s := range []*redis.Store{a, b} {
		expect.NoError(t, s.Set(t.Context(), keys, rows))
	}
	expect.NoError(t, a.Purge(t.Context(), nil))
	got := make([][]float32, 1)
	if err := b.Get(t.Context(), keys, got); err != nil || got[0] == nil || len(server.Keys()) != 1 {
		t.Errorf("%v, %v, %v: a purge reached another prefix", got, err, server.Keys())
	}
}

// strangers are keys that begin like a Store's and are not its own.
func strangers(prefix, own string) []string {
	rest := strings.TrimPrefix(own, prefix)
	return []string{
		prefix, prefix + "jobs:42", prefix + "index:docs", prefix + rest[:16], prefix + rest[:17], own[:len(own)-1], own + "A", own + ":ttl",
		prefix + strings.ToUpper("abcdef") + rest[6:], prefix + "g" + rest[1:], prefix + rest[:16] + "/" + rest[17:],
		prefix + rest[:17] + "!" + rest[18:], own[:len(own)-1] + "B", prefix + "x" + rest, prefix + "a:" + rest, own + "\n",
	}
}

// TestPurgeLeavesOtherKeys: the application's keys and other Stores' begin like this Store's.
func TestPurgeLeavesOtherKeys(t *testing.T) {
	server := miniredis.RunT(t)
	client := connect(t, server.Addr())
	key := cache.Key{0xab, 1, 2, 3, 4, 5, 6, 7, 8}
	for _, prefix := range []string{"", "a*[b]", "0123456789abcdef", "0123456789abcdef:"} {
		for _, space := range [][]byte{nil, key[:8]} {
			server.FlushAll()
			s := open(t, client, redis.Options{Prefix: prefix})
			expect.NoError(t, s.Set(t.Context(), []cache.Key{key}, [][]float32{{1}}))
			own := server.Keys()[0]
			prefix := cmp.Or(prefix, "embedding:")
			others := strangers(prefix, own)
			for _, name := range others {
				server.Set(name, "mine")
			}
			for _, longer := range []string{"team-b:", "0123456789abcdef:", ":"} {
				other := open(t, client, redis.Options{Prefix: prefix + longer})
				expect.NoError(t, other.Set(t.Context(), []cache.Key{key}, [][]float32{{1}}))
			}
			server.HSet(prefix+"hash", "a", "b")
			want := slices.DeleteFunc(server.Keys(), func(name string) bool { return name == own })
			expect.NoError(t, s.Purge(t.Context(), space))
			expect.Equal(t, fmt.Sprintf("prefix %q, space %x: left after the purge", prefix, space), server.Keys(), want)
		}
	}
}

func TestTTL(t *testing.T) {
	server := miniredis.RunT(t)
	s := open(t, connect(t, server.Addr()), redis.Options{TTL: time.Hour})
	keys, rows := []cache.Key{{1}}, make([][]float32, 1)
	expect.NoError(t, s.Set(t.Context(), keys, [][]float32{{1}}))
	server.FastForward(59 * time.Minute)
	if err := s.Get(t.Context(), keys, rows); err != nil || rows[0] == nil {
		t.Error("gone too early", err)
	}
	server.FastForward(2 * time.Minute)
	rows[0] = nil
	if err := s.Get(t.Context(), keys, rows); err != nil || rows[0] != nil {
		t.Error("outlived its time", err)
	}
}

// A value that is damaged, of another key or of another type is a miss, and gone afterwards.
func TestDamagedValues(t *testing.T) {
	server := miniredis.RunT(t)
	s := open(t, connect(t, server.Addr()), redis.Options{})
	keys := []cache.Key{{1}, {2}, {3}, {4}, {5}}
	want := [][]float32{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}}
	names := make([]string, len(keys))
	for i := range keys {
		before := server.Keys()
		expect.NoError(t, s.Set(t.Context(), keys[i:i+1], want[i:i+1]))
		for _, name := range server.Keys() {
			if !slices.Contains(before, name) {
				names[i] = name
			}
		}
	}
	value := func(name string) string {
		v, err := server.Get(name)
		expect.NoError(t, err)
		return v
	}
	server.Set(names[0], value(names[0])[:10])
	server.Set(names[1], value(names[2])) // an intact one of another key
	server.Set(names[2], "\x00"+value(names[2])[1:])
	server.Del(names[3])
	server.HSet(names[3], "no", "vector")

	rows := make([][]float32, len(keys))
	expect.NoError(t, s.Get(t.Context(), keys, rows))
	if !slices.EqualFunc(rows, [][]float32{nil, nil, nil, nil, {5, 5}}, slices.Equal) || s.Damaged() != 4 {
		t.Errorf("got %v and %d damaged, want the last row only and 4", rows, s.Damaged())
	}
	expect.Equal(t, "keys left", server.Keys(), names[4:])
}

func TestDeadServer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	expect.NoError(t, err)
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	expect.NoError(t, err)
	closed.Close()
	for name, addr := range map[string]string{"silent": silent.Addr().String(), "closed": closed.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			const bound = 50 * time.Millisecond
			c, err := cache.New(cache.Options{Store: open(t, connect(t, addr), redis.Options{}), StoreTimeout: bound})
			expect.NoError(t, err)
			defer c.Close()
			e := embedding.Chain(embedtest.NewFake(embedtest.FakeOptions{}), c.Wrap)
			start := time.Now()
			for i := range 100 {
				_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{strings.Repeat("x", i+1)}})
				expect.NoError(t, err)
			}
			// Six calls may wait. The rest is room for a machine that is busy.
			if took := time.Since(start); took > 6*bound+4*time.Second {
				t.Errorf("100 calls took %v", took)
			}
			got := c.Stats().Tier
			if got.Failures != 6 || got.Unstored != 100 || got.ReadErr == nil || got.WriteErr == nil {
				t.Errorf("got %+v, want 6 failures, 100 unstored and both errors", got)
			}
		})
	}
}

// A server that refuses everyone has failed, and has no damaged values.
func TestWrongPassword(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireUserAuth("me", "right")
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr(), Username: "me", Password: "wr0ng", ContextTimeoutEnabled: true, MaxRetries: -1})
	defer client.Close()
	s, err := redis.New(client, redis.Options{})
	expect.NoError(t, err)
	keys, rows := make([]cache.Key, 2), [][]float32{{1}, {2}}
	for what, err := range map[string]error{"get": s.Get(t.Context(), keys, make([][]float32, 2)), "set": s.Set(t.Context(), keys, rows), "purge": s.Purge(t.Context(), nil)} {
		if err == nil || !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("%s: %v", what, err)
		}
	}
	expect.Equal(t, "values taken for damaged", s.Damaged(), 0)
}

func TestNew(t *testing.T) {
	for name, client := range map[string]goredis.UniversalClient{
		"client": goredis.NewClient(&goredis.Options{}), "cluster": goredis.NewClusterClient(&goredis.ClusterOptions{}), "none": nil,
	} {
		_, err := redis.New(client, redis.Options{})
		expect.Says(t, name, err, "ContextTimeoutEnabled")
	}
	if _, err := redis.New(connect(t, "127.0.0.1:1"), redis.Options{TTL: -1}); err == nil {
		t.Error("a negative TTL is taken")
	}
	if err := open(t, connect(t, "127.0.0.1:1"), redis.Options{}).Get(context.Background(), []cache.Key{{}}, make([][]float32, 1)); err == nil ||
		!strings.Contains(err.Error(), "cache/redis: ") {
		t.Errorf("no server: got %v, want an error of cache/redis", err)
	}
}

// TestFirstEdition: texts of the first edition of static:base are refused, and no misses.
func TestFirstEdition(t *testing.T) {
	server := miniredis.RunT(t)
	ask := func(reference string) error {
		r, err := ref.Parse(reference)
		expect.NoError(t, err)
		e, err := static.Open(r)
		expect.NoError(t, err)
		c, err := cache.New(cache.Options{Store: open(t, connect(t, server.Addr()), redis.Options{})})
		expect.NoError(t, err)
		defer c.Close()
		_, err = embedding.Chain(e, c.Wrap).Embed(t.Context(), embedding.Request{Texts: []string{"a cat"}})
		return err
	}
	expect.NoError(t, ask("static:base1?dimensions=128"))
	upgrade.Refused(t, ask("static:base"), "static:base1?dimensions=128")
}
