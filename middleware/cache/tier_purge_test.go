package cache_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware/cache"
)

func TestPurgeReachesTheStore(t *testing.T) {
	s := newStore()
	in := func(space embedding.Space) *embedtest.Fake {
		return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Space: space}})
	}
	c := over(t, cache.Options{Store: s})
	a, b := embedding.Chain(in("a"), c.Wrap), embedding.Chain(in("b"), c.Wrap)
	embed(t, a, "x", "y")
	embed(t, b, "x", "y")
	if err := c.PurgeSpace(t.Context(), "a"); err != nil || s.size() != 2 {
		t.Fatalf("purge of a space: got %v with %d vectors left, want 2", err, s.size())
	}
	if embed(t, a, "x").Reused != 0 || embed(t, b, "x").Reused != 1 {
		t.Error("the wrong space was purged")
	}
	if err := c.Purge(t.Context()); err != nil || s.size() != 0 || embed(t, b, "x").Reused != 0 {
		t.Errorf("purge: got %v with %d vectors left, want none", err, s.size())
	}
}

func TestPurgeHoldsForWhatIsUnderWay(t *testing.T) {
	s := newStore()
	c := over(t, cache.Options{Store: s})
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(call embedtest.Call) embedtest.Reply {
		if call.Number == 1 {
			if err := c.Purge(t.Context()); err != nil {
				t.Errorf("got the error %v, want none", err)
			}
		}
		return embedtest.Reply{}
	}})
	e := embedding.Chain(f, c.Wrap)
	if embed(t, e, "a"); s.size() != 0 || embed(t, e, "a").Reused != 0 {
		t.Error("an answer that was asked for before the purge is there")
	}
}

// A purge waits for a write in flight. Callers that come meanwhile skip the Store and do not wait.
func TestNobodyWaitsForAPurge(t *testing.T) {
	s, f := newStore(), embedtest.NewFake(embedtest.FakeOptions{})
	begun, hold := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	s.fails = func(_ context.Context, write bool) error {
		if write && first.CompareAndSwap(false, true) {
			close(begun)
			<-hold
		}
		return nil
	}
	c := over(t, cache.Options{Store: s, StoreTimeout: time.Minute})
	e := embedding.Chain(f, c.Wrap)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"being written"}}); err != nil {
			t.Errorf("got the error %v, want none", err)
		}
	})
	<-begun
	wg.Go(func() {
		if err := c.Purge(t.Context()); err != nil {
			t.Errorf("got the error %v, want none", err)
		}
	})
	for i := 0; c.Stats().Tier.Spared == 0; i++ {
		if u := embed(t, e, fmt.Sprint("meanwhile ", i)); u.Requests != 1 {
			t.Fatalf("during a purge: got the usage %+v, want one request", u)
		}
	}
	close(hold)
	wg.Wait()
	expect.Equal(t, "left", s.size(), 0)
}
