package dashscope_test

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/ref"
)

// Beijing has batches, at half its price in the catalog. Other regions, the native API and unlisted
// models are refused with the reason.
func TestNewBatches(t *testing.T) {
	t.Setenv(dashscope.KeyVariable, "k")
	for reference, want := range map[string]string{
		"dashscope:text-embedding-v4":                                              "",
		"dashscope:text-embedding-v4?region=cn":                                    "",
		"dashscope:text-embedding-v4?region=intl":                                  `in region "cn" (Beijing) only, and this is region "intl"`,
		"dashscope:text-embedding-v4?base_url=http://127.0.0.1/compatible-mode/v1": `this is region "unknown"`,
		"dashscope:text-embedding-v4?native=true":                                  "the native API has no batches",
		"dashscope:text-embedding-v9?unlisted=true&dimensions=8":                   "no batches of text-embedding-v9 are known",
		"dashscope:text-embedding-v4?dimensions=9":                                 "has no 9 dimensions",
	} {
		r, err := ref.Parse(reference)
		expect.NoError(t, err)
		api, err := dashscope.OpenBatches(r)
		if want == "" {
			expect.NoError(t, err)
			e := vendortest.Opened(t)(dashscope.Open(r))
			expect.Equal(t, "model", api.Terms().Model, e.Model())
			expect.Equal(t, "limits that no current page confirms", strings.Contains(api.Terms().Unverified, "limits"), true)
			continue
		}
		vendortest.Refused(t, reference, err, embedding.Invalid, want)
	}
	for _, e := range dashscope.Catalog() {
		for _, p := range e.Prices {
			expect.Equal(t, e.Model+" in "+p.Region, p.Batch, map[string]float64{"cn": 0.5}[p.Region])
		}
	}
}
