package middleware

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

// TestStackJoinsInsideRetry: a provider that is down fails over before anything is retried, its
// circuit opens and the other one goes on, and Observe sees one call.
func TestStackJoinsInsideRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &target{whole: failed(embedding.Unavailable, 0)}, &target{}
		calls, attempts := 0, 0
		e, err := Stack(StackOptions{
			StandardOptions: StandardOptions{
				Breaker:  BreakerOptions{Failures: 2},
				Limit:    LimitOptions{RPM: 60}, // each provider has its own
				Attempts: func(Event) { attempts++ },
			},
			Observe: func(Event) { calls++ },
		}, a, b)
		expect.NoError(t, err)
		start := time.Now()
		for range 3 {
			expect.NoError(t, ask(t.Context(), e, "text"))
		}
		expect.Equal(t, "calls, attempts, requests to a and to b", []int{calls, attempts, a.calls, b.calls}, []int{3, 5, 2, 3})
		expect.Equal(t, "seconds for three requests to b", time.Since(start).Round(time.Second), 2*time.Second)
	})
}

func TestStackJoin(t *testing.T) {
	p := &target{}
	e, err := Stack(StackOptions{Join: func(all ...embedding.Embedder) (embedding.Embedder, error) {
		return Balance(BalanceOptions{}, Target{Embedder: all[0]})
	}}, p)
	expect.NoError(t, err)
	expect.NoError(t, ask(t.Context(), e, "a"))
	expect.Equal(t, "requests", p.calls, 1)

	p = &target{m: embedding.Model{Provider: "p", Dimensions: 1}} // its Space is unknown
	e, err = Stack(StackOptions{}, p)
	expect.NoError(t, err)
	expect.NoError(t, ask(t.Context(), e, "a"))

	e, err = Stack(StackOptions{Dimensions: 2}, p)
	expect.NoError(t, err)
	if err := ask(t.Context(), e, "a"); embedding.KindOf(err) != embedding.Invalid {
		t.Errorf("a model of 1 dimension where 2 are required: got %v, want Invalid", err)
	}
	for want, providers := range map[string][]embedding.Embedder{
		"no embedder":       nil,
		"provider 1 is nil": {p, nil},
		"unknown":           {p, p},
	} {
		if e, err := Stack(StackOptions{}, providers...); e != nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%d providers: got %v and %v, want an error with %q", len(providers), e, err, want)
		}
	}
}
