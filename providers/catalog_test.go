package providers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/prefixes"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/catalog"
)

// Every provider in the table is in the catalog. Every model in the catalog can be opened, and its
// Model agrees with the catalog.
func TestCatalog(t *testing.T) {
	keyless(t)
	t.Setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com")
	t.Setenv("AWS_REGION", "us-east-1")
	listed := map[string]bool{}
	seen := map[string]bool{}
	for _, e := range providers.Catalog() {
		listed[e.Provider] = true
		if seen[e.Provider+":"+e.Model] {
			t.Errorf("%s:%s is there twice", e.Provider, e.Model)
		}
		seen[e.Provider+":"+e.Model] = true
		if d := e.Dimensions; d.Default < d.Min || d.Default > d.Max || d.OneOf != nil && !slices.Contains(d.OneOf, d.Default) {
			t.Errorf("%s:%s: the dimensions %+v contradict each other", e.Provider, e.Model, d)
		}
		for _, p := range e.Prices {
			if p.PerMillion <= 0 || len(p.Currency) != 3 || len(p.AsOf) != len("2026-11-24") {
				t.Errorf("%s:%s: the price %+v has no sum, currency or day", e.Provider, e.Model, p)
			}
		}
		if e.Key != "" && len(e.Prices) == 0 && !strings.Contains(e.Unverified, "price") {
			t.Errorf("%s:%s has no price and does not say so", e.Provider, e.Model)
		}
		if e.Key != "" {
			t.Setenv(e.Key, "not-in-the-usual-form-4711")
		}
		if before, _, _ := strings.Cut(e.Reference, ":"); before != e.Provider {
			t.Errorf("%s is not of %s", e.Reference, e.Provider)
		}
		opened, err := providers.Open(e.Reference + regionOf(e))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		m := opened.Model()
		if family, known := prefixes.Of(m.ID); known && e.Tasks { // the catalog has the model's own limits
			e.Limits = family.Prefixes.Within(e.Limits)
		}
		if !strings.Contains(e.Reference, strings.TrimSuffix(m.ID, ":latest")) || m.Symmetric == e.Tasks || m.Dimensions != e.Dimensions.Default || m.Limits != e.Limits && e.Provider != "static" || m.Normalized != e.Normalized {
			t.Errorf("%s:%s: the catalog says %+v, the embedder %+v", e.Provider, e.Model, e, m)
		}
		if len(e.Prices) > 0 && m.Price != e.Prices[0].Price {
			t.Errorf("%s:%s: the catalog's price is %+v, the embedder's %+v", e.Provider, e.Model, e.Prices[0], m.Price)
		}
	}
	for name := range providers.Builtin() {
		if !listed[name] {
			t.Errorf("%s can be opened and is not in the catalog", name)
		}
	}
	at := slices.IndexFunc(providers.Catalog(), func(e catalog.Entry) bool { return len(e.Dimensions.OneOf) > 0 })
	providers.Catalog()[at].Dimensions.OneOf[0] = 1
	if providers.Catalog()[at].Dimensions.OneOf[0] == 1 {
		t.Error("a caller's edit is seen by others")
	}
}

// regionOf returns the option that selects the region of the catalog's first price.
func regionOf(e catalog.Entry) string {
	if len(e.Prices) > 0 && e.Prices[0].Region != "" {
		return "?region=" + e.Prices[0].Region
	}
	return ""
}
