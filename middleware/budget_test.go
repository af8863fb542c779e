package middleware

import (
	"errors"
	"strings"
	"sync"
	"testing"

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
			t.Errorf("a budget of %v was made", sum)
		}
	}
}
