// Package genkit turns an [embedding.Embedder] into an embedder for github.com/firebase/genkit with
// [New], and one of genkit's into an Embedder with [From].
//
//	documents := genkit.New("vecspace/documents", e, embedding.TaskDocument)
//	queries := genkit.New("vecspace/queries", e, embedding.TaskQuery)
//	documents.Register(...) // or pass it to genkit.Embed with ai.WithEmbedder
package genkit

import (
	"context"
	"fmt"
	"strings"

	"github.com/firebase/genkit/go/ai"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/foreign"
)

// New returns e for genkit, under a name such as "vecspace/documents". Programs that find
// embedders by name register it with genkit.RegisterAction. genkit does not say whether its
// documents are stored or searched for, so task does. e needs a Batch (middleware.Standard has one)
// if its provider limits requests.
//
// The text of a document is the text of its parts, end to end. A document with a part of another
// kind is an Invalid error that says which one. If some texts fail, the error is an
// [*embedding.PartialError], which has the vectors of the others; genkit hands on the error alone.
// The result is safe for concurrent use. New panics if e is nil or name is empty.
func New(name string, e embedding.Embedder, task embedding.Task) ai.Embedder {
	e = embedding.Chain(e)
	m := e.Model()
	o := &ai.EmbedderOptions{Label: m.ID, Dimensions: m.Dimensions, Supports: &ai.EmbedderSupports{Input: []string{"text"}}}
	return ai.NewEmbedder(name, o, func(ctx context.Context, req *ai.EmbedRequest) (*ai.EmbedResponse, error) {
		texts := make([]string, len(req.Input))
		for i, d := range req.Input {
			text, err := textOf(d)
			if err != nil {
				return nil, m.Errorf(embedding.Invalid, "input[%d]: %w", i, err)
			}
			texts[i] = text
		}
		res, err := e.Embed(ctx, embedding.Request{Texts: texts, Task: task})
		if err != nil {
			return nil, err
		}
		out := make([]*ai.Embedding, len(res.Vectors))
		for i, v := range res.Vectors {
			out[i] = &ai.Embedding{Embedding: append([]float32(nil), v...)}
		}
		return &ai.EmbedResponse{Embeddings: out}, nil
	})
}

// textOf returns the text of a document that has nothing else. genkit refuses a nil document.
func textOf(d *ai.Document) (string, error) {
	var b strings.Builder
	for i, part := range d.Content {
		if !part.IsText() {
			return "", fmt.Errorf("part %d of the document is not text", i)
		}
		b.WriteString(part.Text)
	}
	return b.String(), nil
}

// From returns a genkit embedder as a guarded Embedder, as [foreign.New] describes: m needs a
// Space, and an error gets the Kind of the HTTP status in its words. genkit does not tell documents
// from queries, so the Model is Symmetric.
func From(f ai.Embedder, m embedding.Model) (embedding.Embedder, error) {
	if f == nil {
		return foreign.New(foreign.Embedder{Framework: "genkit"}, m)
	}
	return foreign.New(foreign.Embedder{Framework: "genkit", Documents: func(ctx context.Context, texts []string) ([][]float32, error) {
		req := &ai.EmbedRequest{Input: make([]*ai.Document, len(texts))}
		for i, text := range texts {
			req.Input[i] = ai.DocumentFromText(text, nil)
		}
		res, err := f.Embed(ctx, req)
		if err != nil || res == nil {
			return nil, err // the guard counts the rows
		}
		vectors := make([][]float32, len(res.Embeddings))
		for i, v := range res.Embeddings {
			if v != nil {
				vectors[i] = v.Embedding
			}
		}
		return vectors, nil
	}}, m)
}
