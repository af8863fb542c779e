// Package percall checks the embedder that one call passes to a vector store.
package percall

import (
	"fmt"

	"github.com/tmc/langchaingo/embeddings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/internal/variant"
)

// Embedder returns the embedder of one call: own if given, the value of vectorstores.WithEmbedder,
// is nil. It is an error if given is not known to be of own's Space, Dimensions and
// DocumentVariant. The errors begin with name, the package that was called.
func Embedder(name string, own embedding.Embedder, given embeddings.Embedder) (embedding.Embedder, error) {
	if given == nil {
		return own, nil
	}
	ours, ok := given.(interface{ Unwrap() embedding.Embedder })
	if !ok {
		return nil, fmt.Errorf("%s: vectorstores.WithEmbedder: the embedder's Space is unknown: "+
			"state it by adapters/langchaingo.From and pass what New makes of that", name)
	}
	e := embedding.Chain(ours.Unwrap())
	m, want := e.Model(), own.Model()
	if !m.Space.Same(want.Space) {
		return nil, fmt.Errorf("%s: vectorstores.WithEmbedder: the embedder is of the space %q and the store of %q: their vectors cannot be compared; "+
			"pass one of the same space, or open another store for it", name, m.Space, want.Space)
	}
	if m.Dimensions != want.Dimensions {
		return nil, fmt.Errorf("%s: vectorstores.WithEmbedder: the embedder's vectors have %d dimensions and the store's have %d, though both are said to be of the space %q: "+
			"is space= or Options.Space right?", name, m.Dimensions, want.Dimensions, m.Space)
	}
	if differ := variant.Differ(m, want.DocumentVariant()); differ != "" {
		return nil, fmt.Errorf("%s: vectorstores.WithEmbedder: the store's %s", name, differ)
	}
	return e, nil
}
