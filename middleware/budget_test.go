package middleware

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

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
	spend(2, nil, "1", "2")
	p.set(failed(embedding.RateLimited, 0))
	spend(2, embedding.RateLimited, "refused")
	p.set(&embedding.Error{Kind: embedding.Unavailable})
	spend(4, embedding.Unavailable, "1 2") // two tokens that may have been billed
	p.set(nil)
	spend(4, embedding.Exhausted, "1 2 3 4 5 6 7") // 7 would be 11
	spend(9, nil, "a", "b", "c", "d", "e")
	if err := ask(t.Context(), e, "12"); !errors.Is(err, embedding.Exhausted) || !strings.Contains(err.Error(), "USD") {
		t.Errorf("beyond the budget: got %v, want Exhausted with the currency", err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { ask(t.Context(), e, "1") })
	}
	wg.Wait()
	expect.Equal(t, "spent of 10", budget.Spent(), 10)
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
			t.Errorf("a budget of %v was made", sum)
		}
	}
}

// A tokenizer that counts more than was estimated: the budget learns it from the first answer.
func TestBudgetLearns(t *testing.T) {
	const text = "1234567890" // estimated at 10 tokens
	for name, c := range map[string]struct {
		counted, parallel int
		most              float64 // of a budget of 100
	}{
		"one after another":         {counted: 22, parallel: 1, most: 100},
		"less than estimated":       {counted: 5, parallel: 1, most: 100},
		"many at once":              {counted: 22, parallel: 50, most: 100 + 10*12}, // those before the first answer
		"as many as were estimated": {counted: 10, parallel: 50, most: 100},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, err := NewBudget(100, "USD")
				expect.NoError(t, err)
				p := &target{tokens: c.counted, latency: time.Second}
				e, err := b.Wrap(p)
				expect.NoError(t, err)
				for range 50 {
					var wg sync.WaitGroup
					for range c.parallel {
						wg.Go(func() { _ = ask(t.Context(), e, text) })
					}
					wg.Wait()
				}
				if got := b.Spent(); got > c.most || got < 100-2*float64(c.counted) {
					t.Errorf("%v of 100 were spent, want at most %v and all but the last request", got, c.most)
				}
			})
		})
	}
}

// Before the first answer a second request reserves what its texts cost at most.
func TestBudgetBeforeTheFirstAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := NewBudget(100, "USD")
		expect.NoError(t, err)
		const text = "word word word word word" // 24 bytes, estimated at 8 tokens
		p := &target{tokens: 24, latency: time.Second}
		e, err := b.Wrap(p)
		expect.NoError(t, err)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { _ = ask(t.Context(), e, text) })
		}
		wg.Wait()
		expect.Equal(t, "spent of 100 by 4 requests", b.Spent(), 4*24)
	})
}

// An answer that counts no tokens, though it was not from a cache, costs the estimate.
func TestBudgetOfUncountedTokens(t *testing.T) {
	for name, c := range map[string]struct {
		usage embedding.Usage
		want  float64
	}{
		"counted":       {embedding.Usage{Requests: 1, Tokens: 3}, 3},
		"zero":          {embedding.Usage{Requests: 1}, 2},
		"unmetered":     {embedding.Usage{Requests: 1, Unmetered: 1}, 2},
		"from a cache":  {embedding.Usage{Reused: 2}, 0},
		"half of it is": {embedding.Usage{Requests: 1, Reused: 1, Tokens: 1}, 1},
	} {
		b, err := NewBudget(100, "USD")
		expect.NoError(t, err)
		p := &target{}
		e, err := b.Wrap(embedding.Wrap(embedding.Chain(p), p.Model(), func(context.Context, embedding.Request) (embedding.Response, error) {
			return embedding.Response{Vectors: [][]float32{{1}, {1}}, Usage: c.usage}, nil
		}))
		expect.NoError(t, err)
		expect.NoError(t, ask(t.Context(), e, "1", "2"))
		expect.Equal(t, name, b.Spent(), c.want)
	}
}
