// Package eino turns an [embedding.Embedder] into an embedder for github.com/cloudwego/eino with
// [New], and one of eino's into an Embedder with [From].
//
//	documents := eino.New(e, embedding.TaskDocument) // for an indexer's Embedding
//	queries := eino.New(e, embedding.TaskQuery)      // for a retriever's Embedding
package eino

import (
	"context"

	theirs "github.com/cloudwego/eino/components/embedding"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/foreign"
)

// Embedder is an [embedding.Embedder] with the method of eino's embedding.Embedder. It is safe for
// concurrent use, as every Embedder is.
type Embedder struct {
	e    embedding.Embedder
	task embedding.Task
}

var _ theirs.Embedder = (*Embedder)(nil)

// New returns e for eino. eino's method does not say whether its texts are documents or queries, so
// task does: give an indexer an Embedder for documents and a retriever one for queries. e needs a
// Batch (middleware.Standard has one) if its provider limits requests. New panics if e is nil, as
// [embedding.Chain] does.
func New(e embedding.Embedder, task embedding.Task) *Embedder {
	return &Embedder{embedding.Chain(e), task}
}

// EmbedStrings returns one vector per text. It does not edit texts. It ignores options: eino's
// WithModel cannot change the model, because its vectors would be in another Space. If some texts
// fail, EmbedStrings returns an [*embedding.PartialError] together with the vectors of the other
// texts, nil for the failed ones. Any other error comes without vectors.
func (a *Embedder) EmbedStrings(ctx context.Context, texts []string, _ ...theirs.Option) ([][]float64, error) {
	res, err := a.e.Embed(ctx, embedding.Request{Texts: texts, Task: a.task})
	return rows[float64](embedding.Salvage(res, err).Vectors), err
}

// GetType is the name of this component in eino's callbacks.
func (a *Embedder) GetType() string { return "Vecspace" }

// Unwrap returns the Embedder inside.
func (a *Embedder) Unwrap() embedding.Embedder { return a.e }

// From returns an eino embedder as a guarded Embedder, as [foreign.New] describes: m needs a Space,
// and an error gets the Kind of the HTTP status in its words. eino does not tell documents from
// queries, so the Model is Symmetric. From unwraps an [Embedder] that [New] made, unless m states
// another Space. Vectors lose the digits of a float64 that a float32 does not have.
func From(f theirs.Embedder, m embedding.Model) (embedding.Embedder, error) {
	if f == nil {
		return foreign.New(foreign.Embedder{Framework: "eino"}, m)
	}
	if ours, ok := f.(*Embedder); ok && ours != nil && (m.Space == "" || m.Space == ours.e.Model().Space) {
		return ours.e, nil
	}
	return foreign.New(foreign.Embedder{Framework: "eino", Documents: func(ctx context.Context, texts []string) ([][]float32, error) {
		vectors, err := f.EmbedStrings(ctx, texts)
		return rows[float32](vectors), err
	}}, m)
}

// rows returns vectors with numbers of another type. A nil vector stays nil.
func rows[To, From float32 | float64](vectors [][]From) [][]To {
	if vectors == nil {
		return nil
	}
	out := make([][]To, len(vectors))
	for i, v := range vectors {
		if v == nil {
			continue
		}
		out[i] = make([]To, len(v))
		for k, x := range v {
			out[i][k] = To(x)
		}
	}
	return out
}
