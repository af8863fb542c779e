package redis_test

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/middleware/cache/redis"
)

// Two processes share what either has paid for. The server is one in memory here.
func Example() {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		panic(err)
	}
	defer server.Close()
	for _, process := range []string{"first", "second"} {
		client := goredis.NewClient(&goredis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true, MaxRetries: -1})
		tier, err := redis.New(client, redis.Options{TTL: 30 * 24 * time.Hour})
		if err != nil {
			panic(err)
		}
		vectors, err := cache.New(cache.Options{Store: tier})
		if err != nil {
			panic(err)
		}
		provider := embedtest.NewFake(embedtest.FakeOptions{}) // or providers.Open
		e := embedding.Chain(provider, vectors.Wrap, middleware.Standard(middleware.StandardOptions{}))
		res, err := e.Embed(context.Background(), embedding.Request{Texts: []string{"a cat", "a dog"}})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s process: %d vectors, %d from the cache\n", process, len(res.Vectors), res.Usage.Reused)
		vectors.Close() // writes what is left
		_ = client.Close()
	}
	// Output:
	// first process: 2 vectors, 0 from the cache
	// second process: 2 vectors, 2 from the cache
}
