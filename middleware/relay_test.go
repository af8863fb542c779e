package middleware

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestFallbackMovesOnWithWhatFailed(t *testing.T) {
	for kind := embedding.Unknown; kind < embedding.Partial; kind++ {
		moves := map[embedding.Kind]bool{embedding.Auth: true, embedding.RateLimited: true, embedding.Exhausted: true, embedding.Unavailable: true, embedding.Malformed: true}[kind]
		a, b := &target{}, &target{}
		a.fail = func(_ int, text string) error {
			if text == "bad" {
				return failed(kind, 0)
			}
			return nil
		}
		e, err := Fallback(FallbackOptions{}, a, b)
		expect.NoError(t, err)
		err = ask(t.Context(), e, "good", "bad", "better")
		if moves && (err != nil || fmt.Sprint(b.texts) != "[bad]") {
			t.Errorf("%v: %v; b was sent %v", kind, err, b.texts)
		}
		if !moves && (embedding.KindOf(err) != embedding.Partial || b.calls != 0) {
			t.Errorf("%v: %v; b was sent %v", kind, err, b.texts)
		}
	}
}

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
	e, err = Balance(BalanceOptions{Seed: 1, Removed: func(at int, _ embedding.Model, _ error) { removed = append(removed, at) }}, Target{a, 1}, Target{b, 1})
	expect.NoError(t, err)
	for range 50 {
		expect.NoError(t, ask(t.Context(), e, "x"))
	}
	expect.Equal(t, "what Balance has removed after how many requests", fmt.Sprint(removed, a.calls), "[0] 1")
}

func TestFallbackReturnsTheSoonest(t *testing.T) {
	a := &target{whole: failed(embedding.RateLimited, 30*time.Second)}
	b := &target{whole: failed(embedding.Unavailable, 7*time.Second)}
	c := &target{whole: failed(embedding.Auth, 0)}
	e, err := Fallback(FallbackOptions{}, a, b, c)
	expect.NoError(t, err)
	err = ask(t.Context(), e, "x", "y")
	if ours, _ := errors.AsType[*embedding.Error](err); ours == nil || ours.RetryAfter != 7*time.Second || c.calls != 1 {
		t.Errorf("%v", err)
	}
	if embedding.KindOf(err) != embedding.Unavailable {
		t.Errorf("kind %v", embedding.KindOf(err))
	}
}

func TestFallbackPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &target{latency: time.Hour}, &target{latency: time.Second}
		e, _ := Fallback(FallbackOptions{Patience: 2 * time.Second}, a, b)
		start := time.Now()
		if err := ask(t.Context(), e, "x"); err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		a.latency = time.Second
		b.calls = 0
		if err := ask(t.Context(), e, "x"); err != nil || b.calls != 0 {
			t.Errorf("%v; the second was asked %d times", err, b.calls)
		}
		// The caller's end is the caller's.
		a.latency, b.latency = time.Hour, time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := ask(ctx, e, "x"); err != context.DeadlineExceeded {
			t.Error(err)
		}
	})
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

func TestBalanceByWeight(t *testing.T) {
	a, b, c := &target{}, &target{}, &target{}
	e, err := Balance(BalanceOptions{Seed: 7}, Target{a, 6}, Target{b, 3}, Target{c, 0})
	expect.NoError(t, err)
	const n = 20_000
	for range n {
		ask(t.Context(), e, "x")
	}
	// Chi-squared with two degrees of freedom: 13.8 is passed by chance once in a thousand seeds, and the seed is fixed.
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
			t.Error(err)
		}
		removed = append(removed, at)
	}}, Target{a, 1}, Target{b, 1})
	for range 50 {
		expect.NoError(t, ask(t.Context(), e, "x"))
	}
	if a.calls != 1 || fmt.Sprint(removed) != "[0]" {
		t.Errorf("asked %d times, reported %v", a.calls, removed)
	}
	b.set(failed(embedding.Unavailable, 0)) // nobody else is left: the bad one is tried, and is back once it works
	if err := ask(t.Context(), e, "x"); embedding.KindOf(err) != embedding.Unavailable || a.calls != 2 {
		t.Errorf("%v, %d calls", err, a.calls)
	}
	a.set(nil)
	if err := ask(t.Context(), e, "x"); err != nil {
		t.Error(err)
	}
	b.set(nil)
	before := a.calls
	for range 20 {
		ask(t.Context(), e, "x")
	}
	if a.calls == before || len(removed) != 1 {
		t.Errorf("the healed target was asked %d more times, reported %v", a.calls-before, removed)
	}
}

func TestBudget(t *testing.T) {
	budget, err := NewBudget(10, "USD")
	expect.NoError(t, err)
	p := &target{} // one dollar a token
	e, err := budget.Wrap(p)
	expect.NoError(t, err)
	spend := func(want float64, wantErr error, texts ...string) {
		t.Helper()
		if err := ask(t.Context(), e, texts...); !errors.Is(err, wantErr) || budget.Spent() != want {
			t.Errorf("%v: %v, spent %v, want %v", texts, err, budget.Spent(), want)
		}
	}
	spend(2, nil, "abcd", "efgh")
	p.set(failed(embedding.RateLimited, 0))
	spend(2, embedding.RateLimited, "refused")
	p.set(&embedding.Error{Kind: embedding.Unavailable})
	spend(4, embedding.Unavailable, "may be") // two tokens that may have been billed
	p.set(nil)
	spend(4, embedding.Exhausted, "abcd abcd abcd abcd abcd abcd abcd") // 7 would be 11
	spend(9, nil, "a", "b", "c", "d", "e")
	if err := ask(t.Context(), e, "abcdefgh"); !errors.Is(err, embedding.Exhausted) || !strings.Contains(err.Error(), "USD") {
		t.Error(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { ask(t.Context(), e, "one") })
	}
	wg.Wait()
	if budget.Spent() != 10 {
		t.Errorf("%v was spent of 10", budget.Spent())
	}
	free := (&target{}).Model()
	free.Price = embedding.Price{}
	yuan := (&target{}).Model()
	yuan.Price.Currency = "CNY"
	for _, m := range []embedding.Model{free, yuan} {
		if _, err := budget.Wrap(&target{m: m}); err == nil {
			t.Errorf("%+v passed", m.Price)
		}
	}
	for _, sum := range []float64{0, -1} {
		if _, err := NewBudget(sum, "USD"); err == nil {
			t.Error(sum)
		}
	}
}
