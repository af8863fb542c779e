package openai

import (
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/ref"
)

// Open opens a reference. Its options set the fields of [Options], and its provider's name picks
// the preset. For "openai", which may be any server of OpenAI's API, the address picks it. Open
// does no I/O, and its errors are [*embedding.Error].
func Open(r ref.Ref) (embedding.Embedder, error) {
	preset := r.Provider
	if preset == "openai" {
		preset = ""
	}
	a := r.Args()
	return ref.Build(a, New, Options{
		Model:            r.Model,
		Preset:           preset,
		BaseURL:          a.String("base_url"),
		Dimensions:       a.Int("dimensions"),
		NativeDimensions: a.Int("native_dimensions"),
		KeyEnv:           a.Variable("key_env"),
		EncodingFormat:   a.String("encoding_format"),
		Space:            embedding.Space(a.String("space")),
		Limits:           a.Limits(),
		AllowHTTP:        a.Bool("allow_http"),
	})
}

// Catalog returns the models of [Presets], in their order. The result is the caller's own.
func Catalog() (all []catalog.Entry) {
	for _, p := range Presets() {
		if p.Local {
			all = append(all, catalog.Entry{
				Reference: p.Name + ":MODEL", Provider: p.Name, Model: catalog.AnyModel, Unverified: p.Unverified,
			})
			continue
		}
		for _, m := range p.Models {
			e := catalog.Entry{
				Reference: p.Name + ":" + m.ID, Provider: p.Name, Model: m.ID, Key: p.KeyVariable,
				Dimensions: p.dimensions(m), Limits: m.Limits, Normalized: m.Normalized,
				Unverified: strings.Trim(m.Unverified+"; "+p.Unverified, "; "),
			}
			if m.Price.PerMillion > 0 {
				e = e.Priced(m.Price)
			}
			all = append(all, e)
		}
	}
	return all
}

// dimensions returns the lengths that a model's vectors can be asked to have.
func (p Preset) dimensions(m ModelInfo) catalog.Dimensions {
	switch {
	case m.Dimensions == 0:
		return catalog.Dimensions{}
	case m.Fixed || p.DimensionsField == "":
		return catalog.OneOf(m.Dimensions)
	}
	d := catalog.Range(1, max(m.Longest, m.Dimensions))
	if m.Lengths != nil {
		d = catalog.OneOf(m.Lengths...)
	}
	d.Default = m.Dimensions
	return d
}
