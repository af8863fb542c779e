package embedding_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/providers"
)

var ctx = context.Background()

// One string decides who embeds.
func Example_swap() {
	for _, ref := range []string{
		"static:base",
		"dashscope:text-embedding-v4?dimensions=512",
		"openai:text-embedding-3-small",
		"openai:nomic-embed-text:latest?base_url=http://localhost:11434/v1",
	} {
		e, err := providers.Open(ref)
		if err != nil {
			fmt.Println(err) // no key: the error names the variable to set
			continue
		}
		fmt.Println(e.Model().Space)
	}
}

// The stack that production needs, outermost first.
func Example_stack() {
	e, err := providers.Open("static:base")
	if err != nil {
		panic(err)
	}
	vectors, err := cache.New(cache.Options{MaxBytes: 256 << 20})
	if err != nil {
		panic(err)
	}
	defer vectors.Close()

	e = embedding.Chain(e,
		middleware.Observe(func(call middleware.Event) {
			slog.Debug("embedded", "texts", call.Texts, "took", call.Duration, "err", call.Err)
		}),
		middleware.Dimensions(256), // the vector store's dimensions
		vectors.Wrap,
		middleware.Standard(middleware.StandardOptions{
			Limit: middleware.LimitOptions{RPM: 1800, TPM: 1_200_000},
		}),
	)
	for range 2 {
		res, err := e.Embed(ctx, embedding.Request{Texts: []string{"a text", "another text"}})
		fmt.Println(len(res.Vectors), res.Usage.Requests, res.Usage.Reused, err)
	}
	// Output:
	// 2 1 0 <nil>
	// 2 0 2 <nil>
}

// Any number of items, in order, with constant memory. Progress is the loop's body.
func ExampleStream() {
	e, err := providers.Open("static:base")
	if err != nil {
		panic(err)
	}
	files := func(yield func(string) bool) {
		_ = yield("first.txt") && yield("") && yield("third.txt")
	}
	for item, err := range embedding.Stream(ctx, e, files, func(name string) string { return name }) {
		if err != nil {
			fmt.Println("stopped:", err) // what was paid for has been yielded
			break
		}
		if item.Err != nil {
			fmt.Println("left out:", embedding.KindOf(item.Err))
			continue
		}
		fmt.Println(item.Item, len(item.Vector))
	}
	// Output:
	// first.txt 256
	// left out: text rejected
	// third.txt 256
}

// What succeeded before an error is never lost.
func ExamplePartialError() {
	e := embedding.Chain(embedtest.NewFake(embedtest.FakeOptions{}))
	res, err := e.Embed(ctx, embedding.Request{Texts: []string{"good", " ", "also good"}})

	got := embedding.Salvage(res, err) // everything, or the part that succeeded
	if p, ok := errors.AsType[*embedding.PartialError](err); ok {
		for _, failed := range p.Failed {
			fmt.Println(failed.Index, failed.Err)
		}
	} else if errors.Is(err, embedding.RateLimited) {
		time.Sleep(time.Second) // middleware.Retry does this, and better
	}
	fmt.Println(got.Vectors[0] != nil, got.Vectors[1] != nil, got.Vectors[2] != nil)
	// Output:
	// 1 embedding: fake:fake: text rejected: text 1 is blank: leave it out
	// true false true
}

// An index on disk, behind langchaingo's vectorstores.VectorStore.
func Example_langchaingo() {
	dir, err := os.MkdirTemp("", "index")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	e, err := providers.Open("static:base")
	if err != nil {
		panic(err)
	}
	store, err := chromem.New(e, chromem.Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	_, err = store.AddDocuments(ctx, []schema.Document{
		{PageContent: "Knead the dough and let it rest.", Metadata: map[string]any{"page": 12}},
		{PageContent: "Patch the tube and pump up the tire.", Metadata: map[string]any{"page": 40}},
	})
	if err != nil {
		panic(err)
	}
	found, err := store.SimilaritySearch(ctx, "repair a bicycle", 1)
	fmt.Println(found[0].Metadata["page"], err)

	// Another model's vectors are refused, also after a restart.
	other, err := providers.Open("static:base?dimensions=64")
	if err != nil {
		panic(err)
	}
	_, err = chromem.New(other, chromem.Options{Dir: dir})
	fmt.Println(strings.Contains(err.Error(), "space"))
	// Output:
	// 40 <nil>
	// true
}
