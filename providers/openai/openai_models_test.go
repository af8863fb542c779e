package openai_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/openai"
)

func TestModels(t *testing.T) {
	t.Setenv(openai.KeyVariable, "sk-test")
	t.Setenv(openai.BaseURLVariable, "")
	limits := embedding.Limits{Texts: 2048, Tokens: 300_000, TextTokens: 8192}
	for _, tc := range []struct {
		o     openai.Options
		dims  int
		price float64
		space embedding.Space
	}{
		{openai.Options{Model: "text-embedding-3-small"}, 1536, 0.02, "openai/text-embedding-3-small@1536"},
		{openai.Options{Model: "text-embedding-3-small", Dimensions: 512}, 512, 0.02, "openai/text-embedding-3-small@512"},
		{openai.Options{Model: "text-embedding-3-large"}, 3072, 0.13, "openai/text-embedding-3-large@3072"},
		{openai.Options{Model: "text-embedding-3-large", Dimensions: 1}, 1, 0.13, "openai/text-embedding-3-large@1"},
		{openai.Options{Model: "text-embedding-3-large", NativeDimensions: 3072}, 3072, 0.13, "openai/text-embedding-3-large@3072"},
		{openai.Options{Model: "text-embedding-ada-002", Dimensions: 1536}, 1536, 0.10, "openai/text-embedding-ada-002@1536"},
		{openai.Options{Model: "text-embedding-3-small", BaseURL: "https://eu.api.openai.com/v1"}, 1536, 0.02, "openai/text-embedding-3-small@1536"},
		{openai.Options{Model: "text-embedding-3-small", Space: "mine"}, 1536, 0.02, "mine"},
	} {
		m, err := build(t, tc.o)
		if err != nil || m.Provider != "openai" || m.Dimensions != tc.dims || m.Limits != limits || m.Space != tc.space || !m.Normalized || !m.Symmetric ||
			m.Price != (embedding.Price{PerMillion: tc.price, Currency: "USD", AsOf: "2026-11-01"}) {
			t.Errorf("%+v: got %+v, %v, want Provider openai, Dimensions %v, Limits %v, Space %v, Normalized true, Symmetric true, Price %v",
				tc.o, m, err, tc.dims, limits, tc.space, embedding.Price{PerMillion: tc.price, Currency: "USD", AsOf: "2026-11-01"})
		}
	}
	// OpenAI's next model: nothing is known about it, and it is not refused.
	if m, err := build(t, openai.Options{Model: "text-embedding-4"}); err != nil || m.Dimensions != 0 || m.Limits != (embedding.Limits{}) || m.Space != "" {
		t.Errorf("got %+v, %v, want Dimensions 0, Limits %v, Space none", m, err, embedding.Limits{})
	}
	m, err := build(t, openai.Options{Model: "text-embedding-3-small", Limits: embedding.Limits{Texts: 100, Bytes: 5}})
	if want := (embedding.Limits{Texts: 100, Tokens: 300_000, Bytes: 5, TextTokens: 8192}); err != nil || m.Limits != want {
		t.Errorf("got %+v, %v, want Limits %v", m.Limits, err, want)
	}
}

func TestCatalogIsTheCallersOwn(t *testing.T) {
	openai.Catalog()[0].Model = "edited"
	if openai.Catalog()[0].Model == "edited" {
		t.Error("a caller's edit is seen by others")
	}
}
