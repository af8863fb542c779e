package middleware

import (
	"fmt"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// TestUnreachableMovesOn: a host that does not exist is not asked again, and another provider is.
func TestUnreachableMovesOn(t *testing.T) {
	gone := &embedding.Error{Kind: embedding.Invalid, Code: "unreachable"}
	a, b := &target{whole: gone}, &target{}
	e, err := Fallback(FallbackOptions{}, embedding.Chain(a, Retry(RetryOptions{})), b)
	expect.NoError(t, err)
	expect.NoError(t, ask(t.Context(), e, "x"))
	expect.Equal(t, "requests of Fallback", fmt.Sprint(a.calls, b.calls), "1 1")
	a, b = &target{whole: gone}, &target{}
	var removed []int
	e, err = Balance(BalanceOptions{Seed: 1, Removed: func(at int, _ embedding.Model, _ error) { removed = append(removed, at) }}, Target{Embedder: a, Weight: 1}, Target{Embedder: b, Weight: 1})
	expect.NoError(t, err)
	for range 50 {
		expect.NoError(t, ask(t.Context(), e, "x"))
	}
	expect.Equal(t, "what Balance has removed after how many requests", fmt.Sprint(removed, a.calls), "[0] 1")
}

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
		expect.Says(t, "Fallback "+name, err, c.want)
		var targets []Target
		for _, e := range c.embedders {
			targets = append(targets, Target{Embedder: e})
		}
		_, err = Balance(BalanceOptions{}, targets...)
		expect.Says(t, "Balance "+name, err, c.want)
	}
	if _, err := Balance(BalanceOptions{}, Target{&target{}, -1}); err == nil {
		t.Error("a negative weight passed")
	}
}
