package eino_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	theirs "github.com/cloudwego/eino/components/embedding"
	"github.com/cloudwego/eino/compose"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/eino"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/static"
)

// hidden is one of ours that From cannot recognize, so the calls go through eino's interface.
type hidden struct{ theirs.Embedder }

func TestLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		e := open(t)
		there, err := eino.From(hidden{eino.New(e, embedding.TaskDocument)}, embedding.Model{Space: e.Model().Space, Dimensions: e.Model().Dimensions})
		expect.NoError(t, err)
		return embedtest.Subject{Embedder: there}
	})
}

func open(t testing.TB) embedding.Embedder {
	e, err := static.New(static.Options{})
	expect.NoError(t, err)
	return e
}

func TestFromUnwrapsOurs(t *testing.T) {
	e := open(t)
	for name, tc := range map[string]struct {
		model embedding.Model
		same  bool
	}{
		"no space":      {same: true},
		"its space":     {model: embedding.Model{Space: e.Model().Space}, same: true},
		"another space": {model: embedding.Model{Space: "s"}},
	} {
		got, err := eino.From(eino.New(e, embedding.TaskQuery), tc.model)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		expect.Equal(t, name+": its provider is that inside", got.Model().Provider == e.Model().Provider, tc.same)
	}
	if _, err := eino.From(nil, embedding.Model{Space: "s"}); err == nil {
		t.Error("From accepted a nil embedder")
	}
	if e, err := eino.From((*eino.Embedder)(nil), embedding.Model{Space: "s"}); err == nil {
		if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}}); embedding.KindOf(err) != embedding.Malformed {
			t.Errorf("a nil pointer gave the error %v, want Malformed", err)
		}
	}
}

// The task reaches the provider, and a failed text costs the others nothing.
func TestEmbedStrings(t *testing.T) {
	var asked []embedding.Task
	next := open(t)
	poison := embedding.Wrap(next, next.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		asked = append(asked, req.Task)
		m := embedding.NewMerger(2)
		res, err := next.Embed(ctx, req.Pick([]int{0}))
		m.Add([]int{0}, res, err)
		m.Add([]int{1}, embedding.Response{}, next.Model().Errorf(embedding.Rejected, "refused"))
		return m.Result()
	})
	got, err := eino.New(poison, embedding.TaskQuery).EmbedStrings(t.Context(), []string{"a", "b"}, theirs.WithModel("another"))
	if partial := (*embedding.PartialError)(nil); !errors.As(err, &partial) {
		t.Fatalf("the error is %v, want a PartialError", err)
	}
	if len(got) != 2 || len(got[0]) != 256 || got[1] != nil {
		t.Errorf("got rows of %d and %d numbers, want 256 and none", len(got[0]), len(got[1]))
	}
	if len(asked) != 1 || asked[0] != embedding.TaskQuery {
		t.Errorf("the provider was asked for %v, want one query", asked)
	}
}

// What no text survives has no rows, so that nobody takes them for vectors.
func TestEmbedStringsWithoutVectors(t *testing.T) {
	next := open(t)
	down := embedding.Wrap(next, next.Model(), func(context.Context, embedding.Request) (embedding.Response, error) {
		return embedding.Response{}, next.Model().Errorf(embedding.Unavailable, "down")
	})
	got, err := eino.New(down, embedding.TaskDocument).EmbedStrings(t.Context(), []string{"a"})
	if got != nil || embedding.KindOf(err) != embedding.Unavailable {
		t.Errorf("got %v and the error %v, want no rows and Unavailable", got, err)
	}
}

// New guards what it is given, and is found by eino under a name.
func TestNew(t *testing.T) {
	bad := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(r *embedding.Response) { r.Vectors = nil }}
	}})
	e := eino.New(bad, embedding.TaskDocument)
	if _, err := e.EmbedStrings(t.Context(), []string{"a"}); embedding.KindOf(err) != embedding.Malformed {
		t.Errorf("an answer without vectors gave the error %v, want Malformed", err)
	}
	if e.GetType() != "Vecspace" || e.Unwrap().Model().Space != bad.Model().Space {
		t.Errorf("the type is %s and the Space inside %s, want Vecspace and %s", e.GetType(), e.Unwrap().Model().Space, bad.Model().Space)
	}
	defer func() {
		if recover() == nil {
			t.Error("New took a nil Embedder, want a panic")
		}
	}()
	eino.New(nil, embedding.TaskDocument)
}

func TestStatusOfTheirErrors(t *testing.T) {
	e, err := eino.From(broken{errors.New("error, status code: 429, status: 429 Too Many Requests")}, embedding.Model{Space: "s"})
	expect.NoError(t, err)
	if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}}); embedding.KindOf(err) != embedding.RateLimited {
		t.Errorf("the error is %v, want RateLimited", err)
	}
}

type broken struct{ err error }

func (b broken) EmbedStrings(context.Context, []string, ...theirs.Option) ([][]float64, error) {
	return nil, b.err
}

// A node of an eino graph embeds with any provider of this project.
func Example() {
	e, err := static.New(static.Options{}) // or providers.Open("dashscope:text-embedding-v4")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	chain := compose.NewChain[[]string, [][]float64]()
	chain.AppendEmbedding(eino.New(e, embedding.TaskDocument))
	run, err := chain.Compile(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	vectors, err := run.Invoke(ctx, []string{"a cat sat on the mat", "embedding vectors"})
	fmt.Println(len(vectors), len(vectors[0]), err)
	// Output: 2 256 <nil>
}
