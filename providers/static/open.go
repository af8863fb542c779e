package static

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/ref"
	"github.com/vecspace/embedding/providers/static/internal/linked"
)

// Open opens a reference. Its options set the fields of [Options]. Open does no I/O, and its errors
// are [*embedding.Error].
func Open(r ref.Ref) (embedding.Embedder, error) {
	o := Options{Model: r.Model}
	if err := r.Decode(&o); err != nil {
		return nil, err
	}
	return New(o)
}

// Catalog returns the model base, and base1 in a program that links it. The result is the caller's
// own.
func Catalog() []catalog.Entry {
	models := []string{"base"}
	if linked.Base1 != "" {
		models = append(models, "base1")
	}
	var entries []catalog.Entry
	for _, m := range models {
		entries = append(entries, catalog.Entry{
			Reference: "static:" + m, Provider: "static", Model: m,
			Dimensions: catalog.OneOf(dimensions...), Normalized: true,
		})
	}
	return entries
}
