package percall

import (
	"strings"
	"testing"

	"github.com/tmc/langchaingo/embeddings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

type stranger struct{ embeddings.Embedder }

func fake(space embedding.Space, dimensions int) embedding.Embedder {
	return embedding.Chain(embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Space: space, Dimensions: dimensions}}))
}

func TestEmbedder(t *testing.T) {
	own := fake("a", 8)
	e, err := Embedder("store", own, nil)
	expect.NoError(t, err)
	if e != own {
		t.Errorf("without an embedder of the call: got %v, want the store's own", e.Model())
	}
	same := fake("a", 8)
	e, err = Embedder("store", own, langchaingo.New(same))
	expect.NoError(t, err)
	expect.Equal(t, "the model", e.Model(), same.Model())

	for name, c := range map[string]struct {
		given embeddings.Embedder
		want  string
	}{
		"of unknown space":    {stranger{}, "the embedder's Space is unknown"},
		"of another space":    {langchaingo.New(fake("b", 8)), `is of the space "b" and the store of "a"`},
		"of other dimensions": {langchaingo.New(fake("a", 16)), "have 16 dimensions and the store's have 8"},
		"with a prefix": {langchaingo.New(embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Space: "a", Dimensions: 8, Variant: `document="d: "`}})),
			"the store's documents were embedded without a prefix"},
	} {
		_, err := Embedder("store", own, c.given)
		if err == nil || !strings.HasPrefix(err.Error(), "store: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one of the package store with %q", name, err, c.want)
		}
	}
}
