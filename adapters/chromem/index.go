package chromem

import (
	"context"
	"iter"
	"slices"

	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding/adapters/langchaingo/collection"
)

// Index returns what adapters/langchaingo/index needs of the default collection, or of the one that
// vectorstores.WithNameSpace names. Use it with the default IDs: an ID that an Options.ID gives to
// another text replaces the document that has the vector.
func (s *Store) Index(options ...vectorstores.Option) collection.Index {
	return index{s, options}
}

type index struct {
	*Store
	options []vectorstores.Option
}

func (x index) collected() *indexed { return x.collection(x.Store.options(x.options).NameSpace) }

func (x index) List(ctx context.Context) iter.Seq2[collection.Entry, error] {
	return func(yield func(collection.Entry, error) bool) {
		for id, stored := range x.stored(x.collected()) {
			metadata, err := decode(stored.Metadata)
			if err == nil {
				err = ctx.Err()
			}
			if !yield(collection.EntryOf(id, metadata), err) || err != nil {
				return
			}
		}
	}
}

func (x index) Vectors(ctx context.Context, ids []string) (map[string][]float32, error) {
	c, out := x.collected(), map[string][]float32{}
	if c == nil {
		return out, ctx.Err()
	}
	for _, id := range ids {
		if stored, ok := x.get(c, id); ok {
			out[id] = slices.Clone(stored.Embedding)
		}
	}
	return out, ctx.Err()
}

func (x index) Delete(ctx context.Context, ids []string) error {
	return x.Store.Delete(ctx, ids, x.options...)
}
