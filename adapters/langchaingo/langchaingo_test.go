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
	expect.Equal(t, "the caller's text", in[0], "line\nbreak")
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

// broken is a langchaingo embedder with a function for each method.
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

// A program that uses this package without langchaingo does not link it.
func TestDependencies(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	expect.NoError(t, err)
	for dep := range strings.Lines(string(out)) {
		dep = strings.TrimSpace(dep)
		host, _, _ := strings.Cut(dep, "/")
		if strings.Contains(host, ".") && !strings.HasPrefix(dep, "github.com/vecspace/embedding") {
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
