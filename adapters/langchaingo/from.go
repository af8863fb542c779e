package langchaingo

import (
	"context"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/foreign"
)

// Foreign has the methods of langchaingo's embeddings.Embedder.
type Foreign interface {
	EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error)
	EmbedQuery(ctx context.Context, text string) ([]float32, error)
}

// From returns a langchaingo embedder as a guarded Embedder, as [foreign.New] describes: m needs a
// Space, and an error gets the Kind of the HTTP status in its words. From unwraps an [Embedder]
// that [New] made, unless m states another Space.
func From(f Foreign, m embedding.Model) (embedding.Embedder, error) {
	if f == nil {
		return foreign.New(foreign.Embedder{Framework: "langchaingo"}, m)
	}
	if ours, ok := f.(*Embedder); ok && ours != nil && (m.Space == "" || m.Space == ours.e.Model().Space) {
		return ours.e, nil
	}
	return foreign.New(foreign.Embedder{Framework: "langchaingo", Documents: func(ctx context.Context, texts []string) ([][]float32, error) {
		return f.EmbedDocuments(ctx, texts) // not f.EmbedDocuments itself, which panics here if f is a nil pointer
	}, Query: func(ctx context.Context, text string) ([]float32, error) {
		return f.EmbedQuery(ctx, text)
	}}, m)
}
