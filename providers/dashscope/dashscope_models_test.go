package dashscope_test

import (
	"slices"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/dashscope"
	"github.com/vecspace/embedding/providers/dashscope/internal/models"
)

func TestModels(t *testing.T) {
	cny := func(p float64) embedding.Price {
		return embedding.Price{PerMillion: p, Currency: "CNY", AsOf: "2026-10-12"}
	}
	usd := func(p float64) embedding.Price {
		return embedding.Price{PerMillion: p, Currency: "USD", AsOf: "2026-10-12"}
	}
	for _, tc := range []struct {
		model, region string
		def           int
		dims          []int
		limits        embedding.Limits
		price         embedding.Price
	}{
		{model: "text-embedding-v4", region: "cn", def: 1024, dims: []int{2048, 1536, 1024, 768, 512, 256, 128, 64}, limits: embedding.Limits{Texts: 10, TextTokens: 8192}, price: cny(0.5)},
		{model: "text-embedding-v4", region: "intl", def: 1024, dims: []int{2048, 1536, 1024, 768, 512, 256, 128, 64}, limits: embedding.Limits{Texts: 10, TextTokens: 8192}, price: usd(0.07)},
		{model: "text-embedding-v4", region: "us", def: 1024, dims: []int{2048, 1536, 1024, 768, 512, 256, 128, 64}, limits: embedding.Limits{Texts: 10, TextTokens: 8192}, price: embedding.Price{}},
		{model: "text-embedding-v3", region: "cn", def: 1024, dims: []int{1024, 768, 512, 256, 128, 64}, limits: embedding.Limits{Texts: 10, TextTokens: 8192}, price: cny(0.5)},
		{model: "text-embedding-v3", region: "intl", def: 1024, dims: []int{1024, 768, 512}, limits: embedding.Limits{Texts: 10, TextTokens: 8192}, price: usd(0.07)},
		{model: "text-embedding-v2", region: "cn", def: 1536, dims: []int{1536}, limits: embedding.Limits{Texts: 25, TextTokens: 2048}, price: cny(0.7)},
		{model: "text-embedding-v1", region: "finance", def: 1536, dims: []int{1536}, limits: embedding.Limits{Texts: 25, TextTokens: 2048}, price: embedding.Price{}},
		{model: "qwen3.7-text-embedding", region: "intl", def: 1024, dims: []int{2560, 2048, 1536, 1024, 768, 512, 256}, limits: embedding.Limits{Texts: 20, TextTokens: 128_000}, price: usd(0.07)},
		{model: "qwen3.7-text-embedding-flash", region: "cn", def: 1024, dims: []int{1024, 768, 512, 256}, limits: embedding.Limits{Texts: 32, Tokens: 3200, TextTokens: 131_072}, price: embedding.Price{}},
	} {
		m, err := build(t, dashscope.Options{Model: tc.model, Region: tc.region})
		if err != nil {
			t.Errorf("%s in %s: %v", tc.model, tc.region, err)
			continue
		}
		if m.Provider != "dashscope" || m.ID != tc.model || m.Dimensions != tc.def || m.Limits != tc.limits || m.Price != tc.price || !m.Symmetric || m.Variant != "" {
			t.Errorf("%s in %s: got %+v, want Provider dashscope, ID %v, Dimensions %v, Limits %v, Price %v, Symmetric true, Variant none",
				tc.model, tc.region, m, tc.model, tc.def, tc.limits, tc.price)
		}
		for _, d := range []int{0, 1, 32, 63, 64, 65, 128, 256, 384, 512, 768, 1000, 1024, 1025, 1536, 2048, 2560, 3072, 4096} {
			m, err := build(t, dashscope.Options{Model: tc.model, Region: tc.region, Dimensions: d})
			if d == 0 {
				d = tc.def
			}
			if ok := slices.Contains(tc.dims, d); ok != (err == nil) || ok && m.Dimensions != d {
				t.Errorf("%s in %s at %d dimensions: got %+v, %v, want them: %v", tc.model, tc.region, d, m, err, ok)
			}
		}
	}
}

func TestCatalogIsTheCallersOwn(t *testing.T) {
	dashscope.Catalog()[0].Dimensions.OneOf[0] = 1
	if dashscope.Catalog()[0].Dimensions.OneOf[0] == 1 {
		t.Error("a caller's edit is seen by others")
	}
}

func TestTablesAgree(t *testing.T) {
	var regions []string
	for _, r := range models.Regions() {
		regions = append(regions, r.Name)
		if r.BaseURL == "" && r.Zone == "" {
			t.Errorf("region %s cannot be reached", r.Name)
		}
	}
	for _, m := range models.All() {
		if !slices.Contains(m.Dimensions, m.Default) {
			t.Errorf("%s has no %d dimensions, its default", m.ID, m.Default)
		}
		for region, dims := range m.Regional {
			if !slices.Contains(regions, region) || !slices.Contains(dims, m.Default) {
				t.Errorf("%s in %s: %v", m.ID, region, dims)
			}
		}
		for region := range m.Prices {
			if !slices.Contains(regions, region) || !m.In(region) {
				t.Errorf("%s has a price in %s and is not served there", m.ID, region)
			}
		}
	}
}
