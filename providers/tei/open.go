package tei

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
		Model:            r.Model,
		BaseURL:          a.String("base_url"),
		Dimensions:       a.Int("dimensions"),
		NativeDimensions: a.Int("native_dimensions"),
		Truncate:         a.Bool("truncate"),
		QueryPrompt:      a.String("query_prompt"),
		DocumentPrompt:   a.String("document_prompt"),
		QueryPrefix:      a.String("query_prefix"),
		DocumentPrefix:   a.String("document_prefix"),
		Plain:            a.Bool("plain"),
		KeyEnv:           a.Variable("key_env"),
		Space:            embedding.Space(a.String("space")),
		Limits:           a.Limits(),
		AllowHTTP:        a.Bool("allow_http"),
	})
}

// Catalog returns the models of [Models], in their order. The result is the caller's own.
func Catalog() (all []catalog.Entry) {
	for _, m := range Models() {
		limits := Defaults()
		limits.TextTokens = m.TextTokens
		all = append(all, catalog.Entry{
			Reference: "tei:" + m.ID, Provider: "tei", Model: m.ID,
			Dimensions: catalog.OneOf(m.Dimensions), Limits: limits,
			Tasks: m.Prefixes != nil, Normalized: true, Unverified: m.Unverified,
		})
	}
	return all
}
