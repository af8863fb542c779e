package static_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/static"
)

func TestOpen(t *testing.T) {
	vendortest.Opens(t, static.Open, map[string]embedding.Model{
		"static:base":                            {Provider: "static", ID: "base", Dimensions: 256},
		"static:base?lexical=256":                {Provider: "static", ID: "base", Dimensions: 512},
		"static:base?dimensions=128&lexical=256": {Provider: "static", ID: "base", Dimensions: 384},
		"static:base?dimensions=64&space=mine":   {Provider: "static", ID: "base", Dimensions: 64, Space: "mine"},
	})
	vendortest.BadReferences(t, static.Open, embedding.Invalid, map[string]string{
		"static:large":                             `there is no model "large": there are "base" and "base1"`,
		"static:base1":                             `import _ "github.com/vecspace/embedding/providers/static/base1"`,
		"static:base?lexical=64":                   "64 lexical dimensions: there are [0 128 256]",
		"static:base?dimensions=100":               "100 dimensions: there are [256 128 64]",
		"static:base?base_url=http://localhost/v1": `there is no option "base_url"; there are dimensions, lexical, space`,
	})
}
