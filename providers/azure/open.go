package azure

import (
	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/ref"
)

// Open opens a reference to a deployment. Its options set the fields of [Options]; base_url is the
// Endpoint. Open does no I/O, and its errors are [*embedding.Error].
func Open(r ref.Ref) (embedding.Embedder, error) {
	a := r.Args()
	return ref.Build(a, New, Options{
		Deployment:       r.Model,
		Model:            a.String("model"),
		Endpoint:         a.String("base_url"),
		APIVersion:       a.String("api_version"),
		Dimensions:       a.Int("dimensions"),
		NativeDimensions: a.Int("native_dimensions"),
		KeyEnv:           a.Variable("key_env"),
		Space:            embedding.Space(a.String("space")),
		Limits:           a.Limits(),
		AllowHTTP:        a.Bool("allow_http"),
	})
}

// Catalog returns the models of [Models], in their order. The result is the caller's own.
func Catalog() (all []catalog.Entry) {
	for _, m := range Models() {
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
