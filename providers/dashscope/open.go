package dashscope

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/dashscope/internal/models"
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

// Catalog returns the models that this package knows, newest first. The result is the caller's own.
func Catalog() (all []catalog.Entry) {
	for _, m := range models.All() {
		e := catalog.Entry{
			Reference: "dashscope:" + m.ID, Provider: "dashscope", Model: m.ID, Key: KeyVariable,
			Dimensions: catalog.OneOf(m.Dimensions...), Limits: m.Limits, Normalized: m.Normalized,
		}
		e.Dimensions.Default = m.Default
		if !m.Normalized {
			e.Unverified = "normalized"
		}
		for _, region := range models.Regions() {
			if p, ok := m.Prices[region.Name]; ok {
				e.Prices = append(e.Prices, catalog.Price{Region: region.Name, Price: p})
			}
		}
		if e.Prices == nil {
			e = e.Priced(embedding.Price{})
		}
		all = append(all, e)
	}
	return all
}
