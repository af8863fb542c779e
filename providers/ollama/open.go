package ollama

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
		d := catalog.OneOf(m.Dimensions)
		if m.Cuttable {
			d = catalog.Range(1, m.Dimensions)
		}
		all = append(all, catalog.Entry{
			Reference: "ollama:" + m.ID, Provider: "ollama", Model: m.ID,
			Dimensions: d, Limits: embedding.Limits{TextTokens: m.TextTokens},
			Tasks: m.Prefix != "", Normalized: true, Unverified: m.Unverified,
		})
	}
	return all
}
