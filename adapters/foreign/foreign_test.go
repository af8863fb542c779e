package foreign_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/foreign"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

// TestLaws: without a Query, queries go to Documents. The tests of adapters/langchaingo have both.
func TestLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		e, err := static.New(static.Options{})
		expect.NoError(t, err)
		got, err := foreign.New(foreign.Embedder{Framework: "acme", Documents: func(ctx context.Context, texts []string) ([][]float32, error) {
			return embedding.Documents(ctx, e, texts)
		}}, embedding.Model{Space: "acme/minilm@256", Dimensions: 256})
		expect.NoError(t, err)
		return embedtest.Subject{Embedder: got}
	})
}

func TestKinds(t *testing.T) {
	for words, want := range map[string]embedding.Kind{
		"error, status code: 429, message: slow down":                         embedding.RateLimited,
		"request failed with status 503":                                      embedding.Unavailable,
		"API returned unexpected status code: 401: no such key":               embedding.Auth,
		"status code: 400, message: This model's maximum context length is 8": embedding.Rejected,
		"there are 429 texts":                                                 embedding.Unknown,
	} {
		e, err := foreign.New(foreign.Embedder{Framework: "acme", Documents: func(context.Context, []string) ([][]float32, error) {
			return nil, errors.New(words)
		}}, embedding.Model{Space: "s"})
		expect.NoError(t, err)
		if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}}); embedding.KindOf(err) != want {
			t.Errorf("%q is %v, want %v", words, embedding.KindOf(err), want)
		}
	}
}

func ExampleNew() {
	// theirs stands for the method of another framework's embedder.
	theirs := func(_ context.Context, texts []string) ([][]float32, error) {
		vectors := make([][]float32, len(texts))
		for i, text := range texts {
			vectors[i] = []float32{float32(len(text)), 1}
		}
		return vectors, nil
	}
	e, err := foreign.New(foreign.Embedder{Framework: "acme", Documents: theirs}, embedding.Model{Space: "acme/length@2"})
	if err != nil {
		fmt.Println(err)
		return
	}
	vectors, err := embedding.Documents(context.Background(), e, []string{"one", "three"})
	fmt.Println(vectors, err)
	// Output: [[3 1] [5 1]] <nil>
}
