package voyage

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/ref"
)

// Open opens a reference. Its options set the fields of [Options]. Open does no I/O, and its errors
// are [*embedding.Error].
func Open(r ref.Ref) (embedding.Embedder, error) {
	return setup.Open(r, Options{Model: r.Model}, New)
}

// OpenBatches opens the batch API for the model of a reference, as [Open] opens its Embedder.
func OpenBatches(r ref.Ref) (batchapi.API, error) {
	return setup.Open(r, Options{Model: r.Model}, NewBatches)
}

// Catalog returns the models that this package knows, newest first. The result is the caller's own.
func Catalog() (all []catalog.Entry) {
	for _, m := range models() {
		e := catalog.Entry{
			Reference: "voyage:" + m.ID, Provider: "voyage", Model: m.ID, Key: KeyVariable,
			Dimensions: catalog.OneOf(m.Dimensions...), Limits: m.Limits,
			Tasks: m.Tasks != nil, Normalized: m.Normalized, Unverified: m.Unverified,
		}.Priced(m.Price)
		for i := range e.Prices {
			e.Prices[i].Batch = batchShare
		}
		all = append(all, e)
	}
	return all
}
