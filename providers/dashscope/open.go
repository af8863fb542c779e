package dashscope

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/ref"
)

// Open opens a reference. Its options set the fields of [Options]. Open does no I/O, and its errors
// are [*embedding.Error].
func Open(r ref.Ref) (embedding.Embedder, error) {
	a := r.Args()
	return ref.Build(a, New, Options{
		Model:      r.Model,
		Dimensions: a.Int("dimensions"),
		Region:     a.String("region"),
		Workspace:  a.String("workspace"),
		BaseURL:    a.String("base_url"),
		KeyEnv:     a.Variable("key_env"),
		Native:     a.Bool("native"),
		TextType:   a.Bool("text_type"),
		Instruct:   a.String("instruct"),
		Space:      embedding.Space(a.String("space")),
		Limits:     a.Limits(),
		Unlisted:   a.Bool("unlisted"),
		AllowHTTP:  a.Bool("allow_http"),
	})
}

// Catalog returns the models of [Models], in their order. The result is the caller's own.
func Catalog() (all []catalog.Entry) {
	for _, m := range Models() {
		e := catalog.Entry{
			Reference: "dashscope:" + m.ID, Provider: "dashscope", Model: m.ID, Key: KeyVariable,
			Dimensions: catalog.OneOf(m.Dimensions...), Limits: m.Limits, Normalized: m.Normalized,
		}
		e.Dimensions.Default = m.Default
		if !m.Normalized {
			e.Unverified = "normalized"
		}
		for _, region := range Regions() {
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
