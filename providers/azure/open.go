package azure

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/ref"
)

// Open opens a reference to a deployment. Its options set the fields of [Options]; base_url is the
// Endpoint. Open does no I/O, and its errors are [*embedding.Error].
func Open(r ref.Ref) (embedding.Embedder, error) {
	return setup.Open(r, Options{Deployment: r.Model}, New)
}

// Catalog returns the models that this package knows, newest first. The result is the caller's own.
func Catalog() (all []catalog.Entry) {
	for _, m := range models() {
		d := catalog.Range(1, m.Dimensions)
		if m.Fixed {
			d = catalog.OneOf(m.Dimensions)
		}
		all = append(all, catalog.Entry{
			Reference: "azure:DEPLOYMENT?model=" + m.ID, Provider: "azure", Model: m.ID, Key: KeyVariable,
			Dimensions: d, Limits: m.Limits, Normalized: m.Normalized, Unverified: m.Unverified,
		}.Priced(m.Price))
	}
	return all
}
