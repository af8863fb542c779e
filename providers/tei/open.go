package tei

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

// Catalog returns the models that this package knows. The result is the caller's own.
func Catalog() (all []catalog.Entry) {
	for _, m := range models() {
		limits := Defaults()
		limits.TextTokens = m.TextTokens
		all = append(all, catalog.Entry{
			Reference: "tei:" + m.ID, Provider: "tei", Model: m.ID,
			Dimensions: catalog.OneOf(m.Dimensions), Limits: limits,
			Tasks: m.Prefix != "", Normalized: true, Unverified: m.Unverified,
		})
	}
	return all
}
