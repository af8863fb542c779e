package static

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/ref"
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

// Catalog returns the only model. The result is the caller's own.
func Catalog() []catalog.Entry {
	return []catalog.Entry{{
		Reference: "static:base", Provider: "static", Model: "base",
		Dimensions: catalog.OneOf(dimensions...), Normalized: true,
	}}
}
