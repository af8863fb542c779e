package dashscope

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/dashscope/internal/models"
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
				price := catalog.Price{Region: region.Name, Price: p}
				if m.Batch && region.Name == models.BatchRegion {
					price.Batch = models.BatchShare
				}
				e.Prices = append(e.Prices, price)
			}
		}
		if e.Prices == nil {
			e = e.Priced(embedding.Price{})
		}
		all = append(all, e)
	}
	return all
}
