package redisindex_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/index/redisindex"
)

// What redisvector has stored in the index "notes", and which source it is of. A program gives the
// result of New to index.New, beside the store. The server is one in memory here.
func Example() {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		panic(err)
	}
	defer server.Close()
	server.HSet("doc:notes:1", "content", "Mow the lawn.", collection.HashKey, "a1", collection.SourceKey, "the handbook")
	server.HSet("doc:other:1", "content", "of another index")

	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer func() { _ = client.Close() }() // nothing is under way
	notes := redisindex.New(client, "notes")
	for range 2 {
		n := 0
		for entry, err := range notes.List(context.Background()) {
			if err != nil {
				fmt.Println(err)
				return
			}
			n++
			fmt.Println(entry.ID, "of", entry.Source)
			if err := notes.Delete(context.Background(), []string{entry.ID}); err != nil {
				fmt.Println(err)
				return
			}
		}
		fmt.Println(n, "documents")
	}
	// Output:
	// doc:notes:1 of the handbook
	// 1 documents
	// 0 documents
}
