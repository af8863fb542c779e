package redislimit_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/redislimit"
)

// Ten processes that run this share one account. The server is one in memory here.
func Example() {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		panic(err)
	}
	defer server.Close()
	provider := embedtest.NewFake(embedtest.FakeOptions{}) // or providers.Open("dashscope:text-embedding-v4")
	if err := index(server.Addr(), provider, "the first text", "the second"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 2 vectors
}

func index(addr string, e embedding.Embedder, texts ...string) error {
	client := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1})
	quota, err := redislimit.New(client, "dashscope-intl") // the account's name, the same in all processes
	if err != nil {
		return err
	}
	e = embedding.Chain(e, middleware.Standard(middleware.StandardOptions{
		Limit: middleware.LimitOptions{RPM: 1800, TPM: 1_200_000, Shared: quota, Processes: 10},
	}))
	vectors, err := embedding.Documents(context.Background(), e, texts)
	fmt.Println(len(vectors), "vectors")
	return err
}
