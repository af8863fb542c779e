package langchaingo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/embeddings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/embedtest"
)

var (
	_ embeddings.Embedder = (*langchaingo.Embedder)(nil)
	_ langchaingo.Foreign = embeddings.Embedder(nil)
)

func TestNew(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	a := langchaingo.New(f)
	in := []string{"line\nbreak", "b"}
	vs, err := a.EmbedDocuments(t.Context(), in)
	if err != nil || len(vs) != 2 || !slices.Equal(vs[0], f.Vector(embedding.TaskDocument, "line\nbreak")) {
		t.Fatalf("%v, %v", vs, err)
	}
	if in[0] != "line\nbreak" {
		t.Error("the caller's texts were edited")
	}
	vs[0][0] = 42
	if again, _ := a.EmbedDocuments(t.Context(), in); again[0][0] == 42 {
		t.Error("the vectors are not the caller's own")
	}
	q, err := a.EmbedQuery(t.Context(), "b")
	if err != nil || !slices.Equal(q, f.Vector(embedding.TaskQuery, "b")) {
		t.Errorf("a query is not embedded as one: %v", err)
	}
	vs, err = a.EmbedDocuments(t.Context(), []string{"a", " "})
	if !errors.Is(err, embedding.Rejected) || len(vs) != 2 || vs[0] == nil || vs[1] != nil {
		t.Errorf("a bad text among good ones: %v, %v", vs, err)
	}
}

// client is what langchaingo's own embedder stands on.
type client struct {
	f    *embedtest.Fake
	edit func([][]float32) [][]float32
}

func (c client) CreateEmbedding(ctx context.Context, texts []string) ([][]float32, error) {
	res, err := c.f.Embed(ctx, embedding.Request{Texts: texts})
	if err != nil {
		return nil, err
	}
	if c.edit != nil {
		res.Vectors = c.edit(res.Vectors)
	}
	return res.Vectors, nil
}

func theirs(t *testing.T, edit func([][]float32) [][]float32) embeddings.Embedder {
	e, err := embeddings.NewEmbedder(client{embedtest.NewFake(embedtest.FakeOptions{}), edit})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestFromKeepsTheLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		e, err := langchaingo.From(theirs(t, nil), embedding.Model{Space: "s", Dimensions: 8, Symmetric: true})
		if err != nil {
			t.Fatal(err)
		}
		return embedtest.Subject{Embedder: e}
	})
}

func TestFromTurnsPanicsAndWrongCountsIntoErrors(t *testing.T) {
	none := func([][]float32) [][]float32 { return nil }
	e, err := langchaingo.From(theirs(t, none), embedding.Model{Space: "s"})
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range []embedding.Task{embedding.TaskDocument, embedding.TaskQuery} {
		_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"secret text"}, Task: task})
		if embedding.KindOf(err) != embedding.Malformed || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v", task, err)
		}
	}
	if _, err := langchaingo.From(theirs(t, nil), embedding.Model{}); err == nil || !strings.Contains(err.Error(), "states no Space") {
		t.Errorf("without a Space: %v", err)
	}
	if _, err := langchaingo.From(nil, embedding.Model{Space: "s"}); err == nil {
		t.Error("a nil embedder was taken")
	}
	ours := langchaingo.New(embedtest.NewFake(embedtest.FakeOptions{}))
	if e, err := langchaingo.From(ours, embedding.Model{}); err != nil || e != ours.Unwrap() {
		t.Errorf("there and back again: %v, %v", e, err)
	}
}

func Example() {
	var e embedding.Embedder = embedtest.NewFake(embedtest.FakeOptions{}) // or providers.Open, with middleware around it
	var forLangchain embeddings.Embedder = langchaingo.New(e)
	v, err := forLangchain.EmbedQuery(context.Background(), "hello")
	fmt.Println(len(v), err)
	// Output: 8 <nil>
}
