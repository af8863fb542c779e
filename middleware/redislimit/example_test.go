package redislimit_test

import (
	"context"
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/redislimit"
	"github.com/vecspace/embedding/providers/dashscope"
)

// Ten processes that run this share one account.
func Example() {
	if err := index(os.Getenv("REDIS_ADDR"), "the first text", "the second"); err != nil {
		fmt.Println(err)
	}
}

func index(addr string, texts ...string) error {
	e, err := dashscope.New(dashscope.Options{Model: "text-embedding-v4"})
	if err != nil {
		return err
	}
	client := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: -1})
	quota, err := redislimit.New(client, "dashscope-intl") // the account's name, the same in all processes
	if err != nil {
		return err
	}
	e = embedding.Chain(e, middleware.Standard(middleware.StandardOptions{
		Limit: middleware.LimitOptions{RPM: 1800, TPM: 1_200_000, Shared: quota, Processes: 10},
	}))
	_, err = embedding.Documents(context.Background(), e, texts)
	return err
}
