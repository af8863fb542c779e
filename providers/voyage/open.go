package voyage

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
		BaseURL:    a.String("base_url"),
		KeyEnv:     a.Variable("key_env"),
		Truncate:   a.Bool("truncate"),
		Plain:      a.Bool("plain"),
		Space:      embedding.Space(a.String("space")),
		Limits:     a.Limits(),
		Unlisted:   a.Bool("unlisted"),
		AllowHTTP:  a.Bool("allow_http"),
	})
}

// Catalog returns the models of [Models], in their order. The result is the caller's own.
func Catalog() (all []catalog.Entry) {
	for _, m := range Models() {
		all = append(all, catalog.Entry{
			Reference: "voyage:" + m.ID, Provider: "voyage", Model: m.ID, Key: KeyVariable,
			Dimensions: catalog.OneOf(m.Dimensions...), Limits: m.Limits,
			Tasks: m.Tasks != nil, Normalized: m.Normalized, Unverified: m.Unverified,
		}.Priced(m.Price))
	}
	return all
}
