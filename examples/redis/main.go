// Command redis keeps notes in Redis and searches them by meaning, through langchaingo's
// redisvector store. The same server is the second tier of the vector cache, so that no process
// pays for a text that another one has embedded.
//
// It needs a Redis with the search module: Redis 8, Redis Stack, or Valkey with a module that has
// FT.CREATE. To try it, start one with:
//
//	docker run --rm -p 6379:6379 redis:8
//
// Without Docker, go run ./install valkey in this repository's integration folder. It prints where
// it puts valkey-server and redisearch.so; run valkey-server --loadmodule redisearch.so. Then:
//
//	export REDIS_URL=redis://127.0.0.1:6379
//	go run . add *.md
//	go run . search "how do I change the model?"
//
// A server that evicts keys (maxmemory-policy) may evict documents as well. In production give the
// cache a server of its own.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/tmc/langchaingo/embeddings"
	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"
	"github.com/tmc/langchaingo/vectorstores/redisvector"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/middleware/cache/redis"
	"github.com/vecspace/embedding/providers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "redis:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("redis", flag.ContinueOnError)
	url := flags.String("redis", cmp.Or(os.Getenv("REDIS_URL"), "redis://127.0.0.1:6379"), "where Redis is")
	ref := flags.String("embedder", "static:base", "the `provider:model` that embeds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	command, rest := flags.Arg(0), flags.Args()[min(1, flags.NArg()):]

	// The second tier: a slow or dead Redis makes misses, never errors.
	options, err := goredis.ParseURL(*url)
	if err != nil {
		return err
	}
	options.ContextTimeoutEnabled = true // the cache bounds each call by its context
	options.MaxRetries = -1              // and a retry would use that time up
	client := goredis.NewClient(options)
	defer func() { _ = client.Close() }() // all has been written
	tier, err := redis.New(client, redis.Options{TTL: 30 * 24 * time.Hour})
	if err != nil {
		return err
	}
	vectors, err := cache.New(cache.Options{Store: tier})
	if err != nil {
		return err
	}
	defer vectors.Close()

	e, err := providers.Open(*ref)
	if err != nil {
		return err
	}
	e, err = embedding.Probe(ctx, e) // the second tier and the store want to know the space
	if err != nil {
		return err
	}
	e = embedding.Chain(e, vectors.Wrap, middleware.Standard(middleware.StandardOptions{}))
	notes, err := open(ctx, *url, e)
	if err != nil {
		return err
	}
	switch {
	case command == "add" && len(rest) > 0:
		err = add(ctx, notes, rest, out)
	case command == "search" && len(rest) > 0:
		err = search(ctx, notes, strings.Join(rest, " "), out)
	default:
		err = errors.New("the commands are: add FILE..., search QUESTION")
	}
	if err != nil {
		return err
	}
	stats := vectors.Stats().Tier
	fmt.Fprintf(out, "%d vectors came from the cache in Redis, %d were embedded and put there\n", stats.Hits, stats.Stored)
	return nil
}

// open opens the index of a model behind the guard; the first add creates the index. Scores are
// cosines (redisvector's are distances). The guard refuses another model and vectors that Redis
// would not index. The index's name ends in a bracket because langchaingo finds an index's
// documents by the beginnings of their keys.
func open(ctx context.Context, url string, e embedding.Embedder) (vectorstores.VectorStore, error) {
	return store.New(ctx, e, func(emb embeddings.Embedder) (vectorstores.VectorStore, error) {
		return redisvector.New(ctx, redisvector.WithConnectionURL(url), redisvector.WithEmbedder(emb),
			redisvector.WithIndexName(fmt.Sprintf("notes(%s)", e.Model().Space), true))
	}, store.Options{})
}

// add stores the paragraphs of files. redisvector takes a document's ID from its metadata "keys",
// so a document that is added again replaces itself.
func add(ctx context.Context, notes vectorstores.VectorStore, files []string, out io.Writer) error {
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var docs []schema.Document
		for i, part := range strings.Split(string(text), "\n\n") {
			if part = strings.TrimSpace(part); part != "" {
				id := fmt.Sprintf("%s:%d", name, i+1)
				docs = append(docs, schema.Document{PageContent: part, Metadata: map[string]any{"keys": id}})
			}
		}
		ids, err := notes.AddDocuments(ctx, docs)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(out, "%s: %d paragraphs\n", name, len(ids))
	}
	return nil
}

func search(ctx context.Context, notes vectorstores.VectorStore, question string, out io.Writer) error {
	found, err := notes.SimilaritySearch(ctx, question, 3)
	if err != nil {
		return err
	}
	for i, d := range found {
		first, _, _ := strings.Cut(d.PageContent, "\n")
		fmt.Fprintf(out, "%d  %.2f  %v  %s\n", i+1, d.Score, d.Metadata["keys"], first)
	}
	return nil
}
