package redis

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/middleware/cache/redis"
	"github.com/vecspace/embedding/middleware/cache/storetest"
	"github.com/vecspace/embedding/middleware/redislimit"
)

// TestWrongPassword: the cache works without its tier, and the limit reports why. Neither shows the
// password.
func TestWrongPassword(t *testing.T) {
	server := servers.PlainValkey(t)
	expect.NoError(t, client(t, server).ConfigSet(t.Context(), "requirepass", "right").Err())
	const secret = "wr0ng-secret"
	c, err := connect(strings.Replace(server.URL, "redis://", "redis://default:"+secret+"@", 1))
	expect.NoError(t, err)
	defer c.Close()
	f := embedtest.NewFake(embedtest.FakeOptions{})
	vectors, err := cache.New(cache.Options{MaxBytes: 1 << 20, StoreTimeout: 20 * time.Second, Store: tier(t, c, redis.Options{})})
	expect.NoError(t, err)
	defer vectors.Close()
	_, err = embedding.Chain(f, vectors.Wrap).Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
	expect.NoError(t, err)
	quota, err := redislimit.New(c, "account")
	expect.NoError(t, err)
	_, err = embedding.Chain(f, middleware.Limit(middleware.LimitOptions{RPM: 600, Shared: quota})).Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
	for what, err := range map[string]error{"reading": vectors.Stats().Tier.ReadErr, "writing": vectors.Stats().Tier.WriteErr, "limit": err} {
		if err == nil || !strings.Contains(err.Error(), "WRONGPASS") || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestOldServer: the cache tier works on Redis 3.2, and the shared limit's error says which version
// it needs.
func TestOldServer(t *testing.T) {
	server := servers.Redis3(t)
	t.Run("cache", func(t *testing.T) {
		n := 0
		storetest.Test(t, func(t *testing.T) cache.Store {
			n++
			return tier(t, client(t, server), redis.Options{Prefix: fmt.Sprint(n, ":"), TTL: time.Hour})
		})
	})
	t.Run("limit", func(t *testing.T) {
		quota, err := redislimit.New(client(t, server), "account")
		expect.NoError(t, err)
		f := embedtest.NewFake(embedtest.FakeOptions{})
		for processes, served := range map[int]bool{0: false, 10: true} {
			e := embedding.Chain(f, middleware.Limit(middleware.LimitOptions{RPM: 600, TPM: 60_000, Shared: quota, Processes: processes}))
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
			if served != (err == nil) {
				t.Errorf("with Processes %d: %v", processes, err)
			}
			if e, ok := errors.AsType[*embedding.Error](err); !served && (!ok || e.Code != middleware.CodeQuota || !strings.Contains(err.Error(), "too old: Redis 5 or later")) {
				t.Errorf("got the error %v, want code %s and that the server is too old", err, middleware.CodeQuota)
			}
		}
	})
}
