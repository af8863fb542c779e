package openai

import (
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/internal/setup"
	"github.com/vecspace/embedding/providers/openai/internal/models"
	"github.com/vecspace/embedding/providers/ref"
)

// Open opens a reference. Its options set the fields of [Options], and its provider's name picks
// the preset. For "openai", which may be any server of OpenAI's API, the address picks it. Open
// does no I/O, and its errors are [*embedding.Error].
func Open(r ref.Ref) (embedding.Embedder, error) {
	return setup.Open(r, options(r), New)
}

// OpenBatches opens the batch API for the model of a reference, as [Open] opens its Embedder.
func OpenBatches(r ref.Ref) (batchapi.API, error) {
	return setup.Open(r, options(r), NewBatches)
}

// options are those that come before the reference's own.
func options(r ref.Ref) Options {
	o := Options{Model: r.Model, Preset: r.Provider}
	if o.Preset == "openai" {
		o.Preset = ""
	}
	return o
}

// Catalog returns the models of all presets, OpenAI first. The result is the caller's own.
func Catalog() (all []catalog.Entry) {
	for _, p := range models.Presets() {
		if p.Local {
			all = append(all, catalog.Entry{
				Reference: p.Name + ":MODEL", Provider: p.Name, Model: catalog.AnyModel, Prefix: prefixes.Auto,
				Cuts: p.Cuts, Unmetered: p.Unmetered, Unverified: p.Unverified,
			})
			continue
		}
		for _, m := range p.Models {
			e := catalog.Entry{
				Reference: p.Name + ":" + m.ID, Provider: p.Name, Model: m.ID, Key: p.KeyVariable,
				Dimensions: p.Offers(m), Limits: m.Limits, Prefix: prefixes.Wanted(m.ID), Normalized: m.Normalized,
				Cuts: p.Cuts, Unmetered: p.Unmetered,
				Unverified: strings.Trim(m.Unverified+"; "+p.Unverified, "; "),
			}
			if m.Price.PerMillion > 0 {
				e = e.Priced(m.Price)
				if p.Batch != nil {
					e.Prices[0].Batch = p.Batch.Share
				}
			}
			all = append(all, e)
		}
	}
	return all
}
