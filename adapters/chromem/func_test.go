package chromem_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	chromemgo "github.com/philippgille/chromem-go"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

func TestEmbeddingFunc(t *testing.T) {
	e, err := static.New(static.Options{})
	expect.NoError(t, err)
	var asked embedding.Task
	seen := embedding.Wrap(e, e.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		asked = req.Task
		return e.Embed(ctx, req)
	})
	embed := chromem.EmbeddingFunc(seen, embedding.TaskClustering)
	v, err := embed(t.Context(), "a cat")
	expect.NoError(t, err)
	expect.Equal(t, "the task", asked, embedding.TaskClustering)
	expect.Equal(t, "dimensions", len(v), 256)
	if _, err := embed(t.Context(), " "); embedding.KindOf(err) != embedding.Rejected {
		t.Errorf("the error for a blank text is %v, want Rejected", err)
	}
}

// A provider that hands out its own vector, as a cache may, keeps it. One that hands out none is an
// error, not a panic.
func TestEmbeddingFuncOwnsNothing(t *testing.T) {
	kept := []float32{0.6, 0.8}
	answer := [][]float32{kept}
	fake := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(r *embedding.Response) { r.Vectors = answer }}
	}, Model: embedding.Model{Dimensions: 2}})
	embed := chromem.EmbeddingFunc(fake, embedding.TaskDocument)
	v, err := embed(t.Context(), "a cat")
	expect.NoError(t, err)
	clear(v)
	expect.Equal(t, "the provider's vector", kept, []float32{0.6, 0.8})
	answer = nil
	if _, err := embed(t.Context(), "a cat"); embedding.KindOf(err) != embedding.Malformed {
		t.Errorf("the error for an answer without vectors is %v, want Malformed", err)
	}
}

func ExampleEmbeddingFunc() {
	e, err := static.New(static.Options{}) // or providers.Open("dashscope:text-embedding-v4")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	docs, err := chromemgo.NewDB().CreateCollection("docs", nil, chromem.EmbeddingFunc(e, embedding.TaskDocument))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := docs.AddDocuments(ctx, []chromemgo.Document{
		{ID: "1", Content: "The cat sleeps on the sofa."},
		{ID: "2", Content: "Interest rates rose again."},
	}, runtime.NumCPU()); err != nil {
		fmt.Println(err)
		return
	}
	query, err := embedding.Query(ctx, e, "a pet taking a nap")
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := docs.QueryEmbedding(ctx, query, 1, nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(found[0].Content)
	// Output: The cat sleeps on the sofa.
}
