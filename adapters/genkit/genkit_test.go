package genkit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/firebase/genkit/go/ai"
	theirs "github.com/firebase/genkit/go/genkit"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/genkit"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/providers/static"
)

func open(t testing.TB) embedding.Embedder {
	e, err := static.New(static.Options{})
	if err != nil {
		t.Fatalf("static.New: %v", err)
	}
	return e
}

func TestLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		e := open(t)
		there, err := genkit.From(genkit.New("vecspace/documents", e, embedding.TaskDocument), embedding.Model{Space: e.Model().Space, Dimensions: e.Model().Dimensions})
		if err != nil {
			t.Fatalf("From: %v", err)
		}
		return embedtest.Subject{Embedder: there}
	})
}

func TestParts(t *testing.T) {
	e := genkit.New("vecspace/documents", open(t), embedding.TaskDocument)
	whole, err := e.Embed(t.Context(), &ai.EmbedRequest{Input: []*ai.Document{
		{Content: []*ai.Part{ai.NewTextPart("a cat "), ai.NewTextPart("sat")}}, ai.DocumentFromText("a cat sat", nil),
	}})
	if err != nil {
		t.Fatalf("Embed: %v", err)
	}
	if c := embedding.Cosine(whole.Embeddings[0].Embedding, whole.Embeddings[1].Embedding); c < 0.9999 {
		t.Errorf("the cosine of a text in one part and in two is %v, want 1", c)
	}
	for name, d := range map[string]*ai.Document{
		"an image": {Content: []*ai.Part{ai.NewTextPart("secret"), ai.NewMediaPart("image/png", "data:,secret")}},
		"nil":      nil,
		"no part":  {},
	} {
		_, err := e.Embed(t.Context(), &ai.EmbedRequest{Input: []*ai.Document{ai.DocumentFromText("a", nil), d}})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error is %v, want one without the text", name, err)
		}
	}
}

func TestKindsSurvive(t *testing.T) {
	m := open(t).Model()
	full := embedding.Wrap(open(t), m, func(context.Context, embedding.Request) (embedding.Response, error) {
		return embedding.Response{}, m.Errorf(embedding.RateLimited, "too many")
	})
	e, err := genkit.From(genkit.New("vecspace/documents", full, embedding.TaskDocument), embedding.Model{Space: "s"})
	if err != nil {
		t.Fatalf("From: %v", err)
	}
	if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}}); embedding.KindOf(err) != embedding.RateLimited {
		t.Errorf("the error is %v, want RateLimited", err)
	}
	if _, err := genkit.From(nil, embedding.Model{Space: "s"}); err == nil {
		t.Error("From accepted a nil embedder")
	}
	if _, err := genkit.From(genkit.New("vecspace/documents", full, embedding.TaskDocument), embedding.Model{}); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("the error for a Model without a Space is %v", err)
	}
}

// A genkit program embeds with any provider of this project.
func Example() {
	e, err := static.New(static.Options{}) // or providers.Open("dashscope:text-embedding-v4")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	g := theirs.Init(ctx)
	theirs.RegisterAction(g, genkit.New("vecspace/queries", e, embedding.TaskQuery))
	res, err := theirs.Embed(ctx, g, ai.WithEmbedderName("vecspace/queries"), ai.WithTextDocs("parse command line flags"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(res.Embeddings), len(res.Embeddings[0].Embedding))
	// Output: 1 256
}
