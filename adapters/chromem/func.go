package chromem

import (
	"context"

	"github.com/philippgille/chromem-go"

	"github.com/vecspace/embedding"
)

// EmbeddingFunc returns e for a collection of chromem-go, for programs that use its own API and not
// a [Store]. A collection has one function for documents and queries, so all texts get the same
// task. If e's model embeds queries in another way (Model.Symmetric is false), pass
// embedding.TaskDocument here, embed queries with [embedding.Query] and search with QueryEmbedding.
//
// chromem-go calls it for one text at a time, from several goroutines. Middleware with
// Coalesce.Window puts such texts into one request. The function owns no state and is safe for
// concurrent use. EmbeddingFunc panics if e is nil, as [embedding.Chain] does.
func EmbeddingFunc(e embedding.Embedder, task embedding.Task) chromem.EmbeddingFunc {
	e = embedding.Chain(e)
	return func(ctx context.Context, text string) ([]float32, error) {
		res, err := e.Embed(ctx, embedding.Request{Texts: []string{text}, Task: task})
		if err != nil {
			return nil, err
		}
		return append([]float32(nil), res.Vectors[0]...), nil
	}
}
