package genkit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/core/api"
	theirs "github.com/firebase/genkit/go/genkit"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/genkit"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

func open(t testing.TB) embedding.Embedder {
	e, err := static.New(static.Options{})
	expect.NoError(t, err)
	return e
}

func TestLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		e := open(t)
		there, err := genkit.From(genkit.New("vecspace/documents", e, embedding.TaskDocument), embedding.Model{Space: e.Model().Space, Dimensions: e.Model().Dimensions})
		expect.NoError(t, err)
		return embedtest.Subject{Embedder: there}
	})
}

func TestParts(t *testing.T) {
	e := genkit.New("vecspace/documents", open(t), embedding.TaskDocument)
	whole, err := e.Embed(t.Context(), &ai.EmbedRequest{Input: []*ai.Document{
		{Content: []*ai.Part{ai.NewTextPart("a cat "), ai.NewTextPart("sat")}}, ai.DocumentFromText("a cat sat", nil),
	}})
	expect.NoError(t, err)
	if c := embedding.Cosine(whole.Embeddings[0].Embedding, whole.Embeddings[1].Embedding); c < 0.9999 {
		t.Errorf("the cosine of a text in one part and in two is %v, want 1", c)
	}
	for want, d := range map[string]*ai.Document{
		"invalid request: input[1]: part 1 of the document is not text": {Content: []*ai.Part{ai.NewTextPart("secret"), ai.NewMediaPart("image/png", "data:,secret")}},
		"input.1: Invalid type": nil, // says genkit
		"text rejected":         {},
	} {
		_, err := e.Embed(t.Context(), &ai.EmbedRequest{Input: []*ai.Document{ai.DocumentFromText("a", nil), d}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("the error is %v, want %q without the text", err, want)
		}
	}
}

// The task reaches the provider, the name reaches genkit, and an answer is the caller's own.
func TestNew(t *testing.T) {
	fake := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "small"}})
	kept := map[embedding.Task][]float32{embedding.TaskQuery: fake.Vector(embedding.TaskQuery, "a"), embedding.TaskDocument: fake.Vector(embedding.TaskDocument, "a")}
	cached := embedding.Wrap(fake, fake.Model(), func(_ context.Context, req embedding.Request) (embedding.Response, error) {
		return embedding.Response{Vectors: [][]float32{kept[req.Task]}}, nil // as a cache does that hands out its own
	})
	e := genkit.New("vecspace/queries", cached, embedding.TaskQuery)
	expect.Equal(t, "the name", e.Name(), "vecspace/queries")
	described := e.(interface{ Desc() api.ActionDesc }).Desc().Metadata["info"].(map[string]any)
	if described["label"] != "small" || described["dimensions"] != 8 {
		t.Errorf("genkit has the label %v and %v dimensions, want small and 8", described["label"], described["dimensions"])
	}
	want := fake.Vector(embedding.TaskQuery, "a")
	for range 2 {
		res, err := e.Embed(t.Context(), &ai.EmbedRequest{Input: []*ai.Document{ai.DocumentFromText("a", nil)}})
		expect.NoError(t, err)
		expect.Equal(t, "the vector of a query", res.Embeddings[0].Embedding, want)
		clear(res.Embeddings[0].Embedding)
	}
	empty := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(r *embedding.Response) { r.Vectors = nil }}
	}})
	_, err := genkit.New("a/b", empty, embedding.TaskQuery).Embed(t.Context(), &ai.EmbedRequest{Input: []*ai.Document{ai.DocumentFromText("a", nil)}})
	if embedding.KindOf(err) != embedding.Malformed {
		t.Errorf("an answer without vectors gave the error %v, want Malformed", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("New took a nil Embedder, want a panic")
		}
	}()
	genkit.New("vecspace/queries", nil, embedding.TaskQuery)
}

// answers is an embedder that is none of genkit's actions, which check their answers.
type answers struct {
	ai.Embedder
	answer *ai.EmbedResponse
}

func (a answers) Embed(context.Context, *ai.EmbedRequest) (*ai.EmbedResponse, error) {
	return a.answer, nil
}

// An answer without a vector is a wrong answer, not a vector.
func TestFromEmptyAnswers(t *testing.T) {
	for name, answer := range map[string]*ai.EmbedResponse{
		"none": nil, "no rows": {}, "a nil row": {Embeddings: []*ai.Embedding{nil}}, "two rows": {Embeddings: []*ai.Embedding{{Embedding: []float32{1}}, {Embedding: []float32{1}}}},
	} {
		e, err := genkit.From(answers{answer: answer}, embedding.Model{Space: "s"})
		expect.NoError(t, err)
		if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}}); embedding.KindOf(err) != embedding.Malformed || strings.Contains(err.Error(), "panic") {
			t.Errorf("%s: the error is %v, want Malformed and no panic", name, err)
		}
	}
}

func TestKindsSurvive(t *testing.T) {
	m := open(t).Model()
	full := embedding.Wrap(open(t), m, func(context.Context, embedding.Request) (embedding.Response, error) {
		return embedding.Response{}, m.Errorf(embedding.RateLimited, "too many")
	})
	e, err := genkit.From(genkit.New("vecspace/documents", full, embedding.TaskDocument), embedding.Model{Space: "s"})
	expect.NoError(t, err)
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
