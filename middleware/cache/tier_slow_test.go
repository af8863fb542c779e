package cache_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware/cache"
)

// hang waits for the end of the context, as a server that answers nothing makes a client do.
func hang(ctx context.Context, _ bool) error {
	<-ctx.Done()
	return ctx.Err()
}

// A Store that is down costs its timeout three times and then nothing, and no caller sees it.
func TestStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newStore(), embedtest.NewFake(embedtest.FakeOptions{})
		s.fails = hang
		c := over(t, cache.Options{Store: s, StoreTimeout: 100 * time.Millisecond})
		e := embedding.Chain(f, c.Wrap)
		took := func(n int) (d time.Duration) {
			for i := range n {
				start := time.Now()
				embed(t, e, fmt.Sprint(time.Now().UnixNano(), i))
				d += time.Since(start)
			}
			return d
		}
		expect.Equal(t, "three calls took", took(3), 600*time.Millisecond)
		expect.Equal(t, "100 more took", took(100), 0)
		got := c.Stats().Tier
		if got.Failures != 6 || got.Spared != 200 || got.Unstored != 103 || !errors.Is(got.ReadErr, context.DeadlineExceeded) || got.WriteErr == nil {
			t.Errorf("got %+v, want 6 failures, 200 spared, 103 unstored and both errors", got)
		}
		time.Sleep(5 * time.Second)
		expect.Equal(t, "10 after the pause took", took(10), 200*time.Millisecond)
		s.fails = nil
		time.Sleep(5 * time.Second)
		took(1)
		if got := c.Stats().Tier; got.ReadErr != nil || got.WriteErr != nil || got.Stored != 1 {
			t.Errorf("it is well again: %+v", got)
		}
	})
}

func TestFullStoreIsStillRead(t *testing.T) {
	s, f := newStore(), embedtest.NewFake(embedtest.FakeOptions{})
	embed(t, embedding.Chain(f, over(t, cache.Options{Store: s}).Wrap), "old")
	full := errors.New("no space left on device")
	s.fails = func(_ context.Context, write bool) error {
		if write {
			return full
		}
		return nil
	}
	c := over(t, cache.Options{Store: s})
	e := embedding.Chain(f, c.Wrap)
	for i := range 10 {
		if u := embed(t, e, fmt.Sprint(i)); u.Requests != 1 {
			t.Fatalf("with a full Store: got the usage %+v, want one request", u)
		}
	}
	expect.Equal(t, "reused of what is stored", embed(t, e, "old").Reused, 1)
	got := c.Stats().Tier
	if !errors.Is(got.WriteErr, full) || got.ReadErr != nil || got.Unstored != 10 || got.Stored != 0 || got.Failures != 3 {
		t.Errorf("got %+v, want 3 failures, 10 unstored and a WriteErr only", got)
	}
}

func TestCallersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newStore(), embedtest.NewFake(embedtest.FakeOptions{})
		s.fails = func(ctx context.Context, write bool) error {
			if write {
				return nil
			}
			return hang(ctx, write)
		}
		c := over(t, cache.Options{Store: s, StoreTimeout: time.Hour})
		e := embedding.Chain(f, c.Wrap)
		// A caller with little time keeps half of it for the provider, even if the Store hangs.
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := e.Embed(ctx, embedding.Request{Texts: []string{"a"}}); err != nil || time.Since(start) != 50*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		expect.Equal(t, "failures of a Store that takes half of a caller's time", c.Stats().Tier.Failures, 1)
		// A caller that is about to leave does not count as a failure of the Store.
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			_, err := e.Embed(ctx, embedding.Request{Texts: []string{"soon"}})
			expect.NoError(t, err)
		}
		if got := c.Stats().Tier; got.Failures != 1 || got.Spared != 0 {
			t.Errorf("%+v: who has no time closes the Store for the others", got)
		}
		// A caller that leaves returns at once, and nothing is sent.
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start, before := time.Now(), len(f.Calls())
		if _, err := e.Embed(ctx, embedding.Request{Texts: []string{"b"}}); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if got := c.Stats().Tier; got.Failures != 1 || len(f.Calls()) != before {
			t.Errorf("got %+v after %d requests, want 1 failure and none: a canceled caller is no failure of the Store", got, len(f.Calls())-before)
		}
	})
}

// Paid vectors are stored even if the caller has left meanwhile, and so are the vectors of a
// PartialError.
func TestWhatWasPaidIsStored(t *testing.T) {
	s := newStore()
	ctx, cancel := context.WithCancel(t.Context())
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(*embedding.Response) { cancel() }, Each: func(text string) error {
			if text == "bad" {
				return embedding.Rejected
			}
			return nil
		}}
	}})
	c := over(t, cache.Options{Store: s})
	_, err := embedding.Chain(f, c.Wrap).Embed(ctx, embedding.Request{Texts: []string{"a", "bad", "b"}})
	if embedding.KindOf(err) != embedding.Partial || s.size() != 2 || c.Stats().Tier.Stored != 2 {
		t.Errorf("got %v with %d vectors in the Store and %+v, want Partial and 2", err, s.size(), c.Stats().Tier)
	}
}

func TestAfterClose(t *testing.T) {
	s, f := newStore(), embedtest.NewFake(embedtest.FakeOptions{})
	c := over(t, cache.Options{Store: s})
	e := embedding.Chain(f, c.Wrap)
	c.Close()
	if u := embed(t, e, "a"); u.Requests != 1 || len(s.gets)+len(s.sets) > 0 {
		t.Errorf("%+v: the Store was used after Close", u)
	}
}
