package embedding

import "context"

// Documents embeds texts as documents. The vectors are the caller's own. If some texts fail, their
// rows are nil and the error is a [*PartialError]; any other error comes without rows.
func Documents(ctx context.Context, e Embedder, texts []string) ([][]float32, error) {
	res, err := Chain(e).Embed(ctx, Request{Texts: texts})
	return copied(Salvage(res, err).Vectors), err
}

// Query embeds one text as a query. The vector is the caller's own.
func Query(ctx context.Context, e Embedder, text string) ([]float32, error) {
	res, err := Chain(e).Embed(ctx, Request{Texts: []string{text}, Task: TaskQuery})
	if err != nil {
		return nil, err
	}
	return copied(res.Vectors)[0], nil
}

// copied returns copies of the rows, in one slab. Appending to a row does not reach the next.
func copied(rows [][]float32) [][]float32 {
	if rows == nil {
		return nil
	}
	size := 0
	for _, v := range rows {
		size += len(v)
	}
	slab := make([]float32, 0, size)
	out := make([][]float32, len(rows))
	for i, v := range rows {
		if v != nil {
			at := len(slab)
			slab = append(slab, v...)
			out[i] = slab[at:len(slab):len(slab)]
		}
	}
	return out
}
