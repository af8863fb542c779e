package langchaingo_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/embeddings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
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
		t.Fatalf("got %v, %v, want 2 vectors, the first of the text with its line break", vs, err)
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
	expect.NoError(t, err)
	return e
}

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

// broken is a langchaingo embedder of which every method is a function.
type broken struct {
	documents func(context.Context, []string) ([][]float32, error)
	query     func(context.Context, string) ([]float32, error)
}

func (b broken) EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error) {
	return b.documents(ctx, texts)
}
func (b broken) EmbedQuery(ctx context.Context, text string) ([]float32, error) {
	return b.query(ctx, text)
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
	if _, err := langchaingo.From(theirs(t, nil), embedding.Model{}); err == nil || !strings.Contains(err.Error(), "has no Space: name the space") {
		t.Errorf("without a Space: %v", err)
	}
	if _, err := langchaingo.From(nil, embedding.Model{Space: "s"}); err == nil || !strings.Contains(err.Error(), "is nil") {
		t.Errorf("a nil embedder: %v", err)
	}
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

// A program that uses this package without langchaingo does not link it.
func TestDependencies(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	expect.NoError(t, err)
	for dep := range strings.Lines(string(out)) {
		dep = strings.TrimSpace(dep)
		host, _, _ := strings.Cut(dep, "/")
		if strings.Contains(host, ".") && dep != "github.com/vecspace/embedding" && dep != "github.com/vecspace/embedding/adapters/langchaingo" {
			t.Errorf("the package depends on %s", dep)
		}
	}
}

func ExampleNew() {
	var e embedding.Embedder = embedtest.NewFake(embedtest.FakeOptions{}) // or providers.Open
	var forLangchain embeddings.Embedder = langchaingo.New(e)
	v, err := forLangchain.EmbedQuery(context.Background(), "hello")
	fmt.Println(len(v), err)
	// Output: 8 <nil>
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
