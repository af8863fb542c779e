package cohere

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/ref"
)

// Open opens a reference. Its options set the fields of [Options]. Open does no I/O, and its errors
// are [*embedding.Error].
func Open(r ref.Ref) (embedding.Embedder, error) {
	return setup.Open(r, Options{Model: r.Model}, New)
}

// Catalog returns the models that this package knows, newest first. The result is the caller's own.
func Catalog() (all []catalog.Entry) {
	for _, m := range models() {
		all = append(all, catalog.Entry{
			Reference: "cohere:" + m.ID, Provider: "cohere", Model: m.ID, Key: KeyVariable,
			Dimensions: catalog.OneOf(m.Dimensions...), Limits: m.Limits,
			Tasks: m.Tasks != nil, Normalized: m.Normalized, Unverified: m.Unverified,
		}.Priced(m.Price))
	}
	return all
}
