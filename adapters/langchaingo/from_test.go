package langchaingo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/embeddings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestFromKeepsTheLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		e, err := langchaingo.From(theirs(t, nil), embedding.Model{Space: "s", Dimensions: 8, Symmetric: true})
		expect.NoError(t, err)
		return embedtest.Subject{Embedder: e}
	})
}

func TestFromLeavesTheCallersTexts(t *testing.T) {
	e, err := langchaingo.From(theirs(t, nil), embedding.Model{Space: "s"})
	expect.NoError(t, err)
	in := []string{"line\nbreak"} // langchaingo's embedder replaces the break in the slice it is given
	if _, err := e.Embed(t.Context(), embedding.Request{Texts: in}); err != nil || in[0] != "line\nbreak" {
		t.Errorf("got the text %q and the error %v, want the text unchanged", in[0], err)
	}
	if m := e.Model(); m.Provider != "langchaingo" || m.ID != "unknown" || m.Space != "s" {
		t.Errorf("got %+v, want langchaingo, unknown and s", m)
	}
}

func TestFromTurnsPanicsAndWrongCountsIntoErrors(t *testing.T) {
	answer := func(rows ...[]float32) embeddings.Embedder {
		return theirs(t, func([][]float32) [][]float32 { return rows })
	}
	for name, f := range map[string]langchaingo.Foreign{
		"no vectors": answer(), // langchaingo's own indexes the first one, and panics
		"a nil vector": broken{
			func(context.Context, []string) ([][]float32, error) { return [][]float32{nil, nil}, nil },
			func(context.Context, string) ([]float32, error) { return nil, nil },
		},
		"a panic that quotes": broken{
			func(_ context.Context, texts []string) ([][]float32, error) { panic(texts[0]) },
			func(_ context.Context, text string) ([]float32, error) { panic(errors.New(text)) },
		},
		"a nil pointer": (*embeddings.EmbedderImpl)(nil),
		"ours, nil":     (*langchaingo.Embedder)(nil),
	} {
		e, err := langchaingo.From(f, embedding.Model{Space: "s"})
		expect.NoError(t, err)
		for _, task := range []embedding.Task{embedding.TaskDocument, embedding.TaskQuery} {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"secret text", "secret too"}, Task: task})
			if embedding.KindOf(err) != embedding.Malformed || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s, %v: got the error %v, want Malformed without the text", name, task, err)
			}
		}
	}
	e, err := langchaingo.From(answer(make([]float32, 8)), embedding.Model{Space: "s"})
	expect.NoError(t, err)
	if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a", "b"}}); !errors.Is(err, embedding.Malformed) {
		t.Errorf("one vector for two texts: %v", err)
	}
}

func TestFromRefusals(t *testing.T) {
	_, err := langchaingo.From(theirs(t, nil), embedding.Model{})
	expect.Says(t, "without a Space", err, "has no Space: name the space")
	_, err = langchaingo.From(nil, embedding.Model{Space: "s"})
	expect.Says(t, "a nil embedder", err, "is nil")
	ours := langchaingo.New(embedtest.NewFake(embedtest.FakeOptions{}))
	if e, err := langchaingo.From(ours, embedding.Model{}); err != nil || e != ours.Unwrap() {
		t.Errorf("there and back again: %v, %v", e, err)
	}
	if e, err := langchaingo.From(ours, embedding.Model{Space: "mine"}); err != nil || e.Model().Space != "mine" {
		t.Errorf("another Space is stated: %v, %v", e, err)
	}
}

// TestFromKeepsWhatWasPaidFor: of several queries the ones before a failure, or before the caller
// left, are kept, and those after are not asked for.
func TestFromKeepsWhatWasPaidFor(t *testing.T) {
	for name, leave := range map[string]bool{"a panic": false, "a cancel that the embedder ignores": true} {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		e, err := langchaingo.From(broken{nil, func(context.Context, string) ([]float32, error) {
			calls++
			if calls == 2 && !leave {
				panic("no")
			}
			if calls == 2 {
				cancel()
			}
			return []float32{1}, nil
		}}, embedding.Model{Space: "s"})
		expect.NoError(t, err)
		_, err = e.Embed(ctx, embedding.Request{Texts: []string{"a", "b", "c", "d"}, Task: embedding.TaskQuery})
		cancel()
		p, ok := errors.AsType[*embedding.PartialError](err)
		if !ok || calls != 2 || p.Response.Vectors[0] == nil || p.Response.Vectors[3] != nil {
			t.Fatalf("%s: %d calls, %v", name, calls, err)
		}
		if leave && (!errors.Is(err, context.Canceled) || p.Response.Vectors[1] == nil) {
			t.Errorf("%s: got the error %v, want context canceled with the second vector", name, err)
		}
		if !leave && !errors.Is(err, embedding.Malformed) {
			t.Errorf("%s: got the error %v, want Malformed", name, err)
		}
	}
}

func ExampleFrom() {
	theirs := langchaingo.New(embedtest.NewFake(embedtest.FakeOptions{})) // or embeddings.NewEmbedder
	e, err := langchaingo.From(theirs, embedding.Model{Space: "openai/text-embedding-3-small@8", Dimensions: 8})
	if err != nil {
		fmt.Println(err)
		return
	}
	vectors, err := embedding.Documents(context.Background(), e, []string{"one", "two"})
	fmt.Println(len(vectors), e.Model().Space, err)
	// Output: 2 openai/text-embedding-3-small@8 <nil>
}
