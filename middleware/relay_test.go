package middleware

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding"
)

func TestMixingIsRefused(t *testing.T) {
	base := (&target{}).Model()
	other, variant, unknown := base, base, base
	other.Space, variant.Variant, unknown.Space = "t", "query: ", ""
	unknown.ID = ""
	for name, c := range map[string]struct {
		embedders []embedding.Embedder
		want      string
	}{
		"none":    {nil, "no embedder"},
		"nil":     {[]embedding.Embedder{nil}, "is nil"},
		"space":   {[]embedding.Embedder{&target{}, &target{m: other}}, `"t"`},
		"variant": {[]embedding.Embedder{&target{}, &target{m: variant}}, "variant"},
		"unknown": {[]embedding.Embedder{&target{m: unknown}}, "Probe"},
	} {
		_, err := Fallback(FallbackOptions{}, c.embedders...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Fallback %s: %v", name, err)
		}
		var targets []Target
		for _, e := range c.embedders {
			targets = append(targets, Target{Embedder: e})
		}
		if _, err := Balance(BalanceOptions{}, targets...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Balance %s: %v", name, err)
		}
	}
	if _, err := Balance(BalanceOptions{}, Target{&target{}, -1}); err == nil {
		t.Error("a negative weight passed")
	}
}
