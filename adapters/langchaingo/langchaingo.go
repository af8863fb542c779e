// Package langchaingo turns an [embedding.Embedder] into an embedder for github.com/tmc/langchaingo
// with [New], and one of langchaingo's into an Embedder with [From].
//
//	store, err := pgvector.New(ctx, pgvector.WithEmbedder(langchaingo.New(e)), ...)
//
// The package imports nothing from langchaingo: [Embedder] has the methods of its
// embeddings.Embedder, and [Foreign] is any type with those methods. A program links langchaingo
// only if it imports it itself.
package langchaingo

import (
	"context"

	"github.com/vecspace/embedding"
)

// Embedder is an [embedding.Embedder] with the methods of langchaingo's embeddings.Embedder. It is
// safe for concurrent use, as every Embedder is.
type Embedder struct{ e embedding.Embedder }

// New returns e for langchaingo. Unlike langchaingo's own embedders it does not split requests and
// does not replace line breaks; e's middleware decides that. langchaingo's stores send all
// documents of a call in one request, so e needs a Batch (middleware.Standard has one) if its
// provider limits requests. New panics if e is nil, as [embedding.Chain] does.
func New(e embedding.Embedder) *Embedder { return &Embedder{embedding.Chain(e)} }

// EmbedDocuments returns one vector per text; the caller owns them. It does not edit texts. If some
// texts fail, it returns an [*embedding.PartialError] together with the vectors of the other texts,
// nil for the failed ones. Any other error comes without vectors.
func (a *Embedder) EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error) {
	return embedding.Documents(ctx, a.e, texts)
}

// EmbedQuery returns the vector of a search query. The caller owns it.
func (a *Embedder) EmbedQuery(ctx context.Context, text string) ([]float32, error) {
	return embedding.Query(ctx, a.e, text)
}

// Unwrap returns the Embedder inside. Stores use it to compare Spaces.
func (a *Embedder) Unwrap() embedding.Embedder { return a.e }
