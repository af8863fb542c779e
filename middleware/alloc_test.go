package middleware

import (
	"context"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/race"
)

// TestAllocations holds each layer to its budget for a call that succeeds: only those that keep
// the texts may pay for each.
func TestAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("NOT TESTED: the race detector allocates")
	}
	texts := longTexts(stillMost)
	for _, c := range costs() {
		t.Run(c.name, func(t *testing.T) {
			e := embedding.Chain(newStill(), c.layers...)
			ctx, cancel := context.WithCancel(t.Context()) // as a server's callers have it
			defer cancel()
			for _, n := range []int{1, stillMost} {
				req := embedding.Request{Texts: texts[:n]}
				got := testing.AllocsPerRun(500, func() {
					if _, err := e.Embed(ctx, req); err != nil {
						t.Errorf("got the error %v, want none", err)
					}
				})
				if most := c.most + c.each*float64(n-1); got > most {
					t.Errorf("a call of %d texts allocates %v objects, the budget is %v", n, got, most)
				}
			}
		})
	}
}

// TestAllocationsOfBatch: the requests of a large call must not each pay for the whole of it.
func TestAllocationsOfBatch(t *testing.T) {
	if race.Enabled {
		t.Skip("NOT TESTED: the race detector allocates")
	}
	e := embedding.Chain(newStill(), Batch(BatchOptions{Limits: embedding.Limits{Texts: 10}}))
	ctx, req := t.Context(), embedding.Request{Texts: longTexts(1000)}
	got := testing.AllocsPerRun(50, func() {
		if _, err := e.Embed(ctx, req); err != nil {
			t.Errorf("got the error %v, want none", err)
		}
	})
	if got > 40 {
		t.Errorf("1,000 texts in 100 requests allocate %v objects, the budget is 40", got)
	}
}
