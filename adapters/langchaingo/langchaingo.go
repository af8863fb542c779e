// Package langchaingo plugs Embedders into github.com/tmc/langchaingo, and langchaingo's into this module.
//
//	store, err := pgvector.New(ctx, pgvector.WithEmbedder(langchaingo.New(e)), ...)
//
// It imports nothing of langchaingo: New's result has the methods of its embeddings.Embedder, and From takes anything that has
// them, so that a program pays for langchaingo only where it imports it itself.
package langchaingo

import (
	"context"

	"github.com/vecspace/embedding"
)

// Embedder is an embedding.Embedder with the methods of langchaingo's embeddings.Embedder. It is safe for concurrent use if the
// one inside is, as all are.
type Embedder struct{ e embedding.Embedder }

// New returns e for langchaingo. Unlike langchaingo's own embedders it splits nothing and replaces no line breaks: what is done
// around the provider is e's middleware. langchaingo's stores send all documents of a call in one request, so e needs a
// Batch (middleware.Standard has one) where its provider limits them. New panics if e is nil, as embedding.Chain does.
func New(e embedding.Embedder) *Embedder { return &Embedder{embedding.Chain(e)} }

// EmbedDocuments returns one vector per text, the caller's own copies. It never edits texts. If some texts failed, the error is an
// *embedding.PartialError, the vectors of the others are returned beside it and the rows of the failed ones are nil; any other
// error comes with no vectors.
func (a *Embedder) EmbedDocuments(ctx context.Context, texts []string) ([][]float32, error) {
	return embedding.Documents(ctx, a.e, texts)
}

// EmbedQuery returns the vector of a text that is searched for, embedded as a query. The vector is the caller's own copy.
func (a *Embedder) EmbedQuery(ctx context.Context, text string) ([]float32, error) {
	return embedding.Query(ctx, a.e, text)
}

// Unwrap returns the Embedder inside. Stores use it to compare Spaces.
func (a *Embedder) Unwrap() embedding.Embedder { return a.e }
