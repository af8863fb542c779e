package middleware

import (
	"fmt"
	"math"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestBalanceByWeight(t *testing.T) {
	a, b, c := &target{}, &target{}, &target{}
	e, err := Balance(BalanceOptions{Seed: 7}, Target{a, 6}, Target{b, 3}, Target{c, 0})
	expect.NoError(t, err)
	const n = 20_000
	for range n {
		ask(t.Context(), e, "x")
	}
	// Chi-squared with two degrees of freedom: 13.8 is passed by chance once in a thousand seeds,
	// and the seed is fixed.
	chi := 0.0
	for i, p := range []*target{a, b, c} {
		want := n * []float64{.6, .3, .1}[i]
		chi += (float64(p.calls) - want) * (float64(p.calls) - want) / want
	}
	if chi > 13.8 {
		t.Errorf("%d %d %d of %d: chi-squared %.1f", a.calls, b.calls, c.calls, n, chi)
	}
}

func TestBalanceTakesABadKeyOut(t *testing.T) {
	a, b := &target{whole: failed(embedding.Auth, 0)}, &target{}
	var removed []int
	e, _ := Balance(BalanceOptions{Seed: 1, Removed: func(at int, _ embedding.Model, err error) {
		if embedding.KindOf(err) != embedding.Auth {
			t.Errorf("removed because of %v, want Auth", err)
		}
		removed = append(removed, at)
	}}, Target{a, 1}, Target{b, 1})
	for range 50 {
		expect.NoError(t, ask(t.Context(), e, "x"))
	}
	if a.calls != 1 || fmt.Sprint(removed) != "[0]" {
		t.Errorf("asked %d times, reported %v", a.calls, removed)
	}
	b.set(failed(embedding.Unavailable, 0)) // no other is left: the bad one is tried
	if err := ask(t.Context(), e, "x"); embedding.KindOf(err) != embedding.Unavailable || a.calls != 2 {
		t.Errorf("all are down: got %v and %d requests to the removed one, want Unavailable and 2", err, a.calls)
	}
	a.set(nil)
	expect.NoError(t, ask(t.Context(), e, "x"))
	b.set(nil)
	before := a.calls
	for range 20 {
		ask(t.Context(), e, "x")
	}
	if a.calls == before || len(removed) != 1 {
		t.Errorf("the healed target was asked %d more times, reported %v", a.calls-before, removed)
	}
}

// TestBalanceOfAbsurdWeights: weights whose sum is more than an int holds are refused.
func TestBalanceOfAbsurdWeights(t *testing.T) {
	a, b := newStill(), newStill()
	for _, weights := range [][2]int{{math.MaxInt, math.MaxInt}, {math.MaxInt, 0}, {1, math.MaxInt}, {math.MaxInt/2 + 1, math.MaxInt/2 + 1}} {
		_, err := Balance(BalanceOptions{}, Target{a, weights[0]}, Target{b, weights[1]})
		expect.Says(t, fmt.Sprintf("weights %v", weights), err, "weights up to target 1")
	}
	e, err := Balance(BalanceOptions{}, Target{a, math.MaxInt - 1}, Target{b, 1})
	expect.NoError(t, err)
	_, err = e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
	expect.NoError(t, err)
}
