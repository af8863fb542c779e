package middleware_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
	"github.com/vecspace/embedding/middleware/cache"
)

// TestNothingIsPaidTwiceBetweenCoalesceAndCache: a text's flight must not end before the cache
// holds its vector, and a caller that begins a flight must learn what has been stored since it
// looked.
func TestNothingIsPaidTwiceBetweenCoalesceAndCache(t *testing.T) {
	fake := embedtest.NewFake(embedtest.FakeOptions{})
	vectors, err := cache.New(cache.Options{})
	expect.NoError(t, err)
	defer vectors.Close()
	e := embedding.Chain(fake, vectors.Wrap, middleware.Standard(middleware.StandardOptions{}))
	const rounds = 1000
	for round := range rounds {
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{fmt.Sprint("text ", round)}}); err != nil {
					t.Errorf("got the error %v, want none", err)
				}
			})
		}
		wg.Wait()
	}
	expect.Equal(t, "times billed, each text asked for by 16 callers at once", fake.Ledger().Requests, rounds)
}

// TestCacheOutsideAnotherSpace: texts in flight below a layer that changes vectors are not what the
// cache above it stores.
func TestCacheOutsideAnotherSpace(t *testing.T) {
	fake := embedtest.NewFake(embedtest.FakeOptions{})
	vectors, err := cache.New(cache.Options{})
	expect.NoError(t, err)
	defer vectors.Close()
	inner := embedding.Chain(fake, middleware.Standard(middleware.StandardOptions{}))
	m := inner.Model()
	m.Space = "turned around"
	turned := embedding.Wrap(inner, m, func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
		res, err := inner.Embed(ctx, req)
		for i, row := range res.Vectors {
			row = slices.Clone(row)
			slices.Reverse(row)
			res.Vectors[i] = row
		}
		return res, err
	})
	e := embedding.Chain(turned, vectors.Wrap)
	want := fake.Vector(embedding.TaskQuery, "text")
	slices.Reverse(want)
	for range 2 {
		v, err := embedding.Query(context.Background(), e, "text")
		if err != nil || !slices.Equal(v, want) {
			t.Fatalf("%v, %v; want %v", v, err, want)
		}
	}
	expect.Equal(t, "calls", len(fake.Calls()), 1)
}

// TestALandedTextIsRememberedWhileItsCallerWaits: a caller's own text arrived; that it waits for
// another caller's slow text must not make a third one pay for it again.
func TestALandedTextIsRememberedWhileItsCallerWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
			if strings.Contains(strings.Join(c.Request.Texts, " "), "slow") {
				return embedtest.Reply{Latency: 10 * time.Second}
			}
			return embedtest.Reply{Latency: time.Second}
		}})
		vectors, err := cache.New(cache.Options{})
		expect.NoError(t, err)
		defer vectors.Close()
		e := embedding.Chain(fake, vectors.Wrap, middleware.Standard(middleware.StandardOptions{}))
		var wg sync.WaitGroup
		ask := func(after time.Duration, texts ...string) {
			wg.Go(func() {
				time.Sleep(after)
				if _, err := e.Embed(t.Context(), embedding.Request{Texts: texts}); err != nil {
					t.Errorf("got the error %v, want none", err)
				}
			})
		}
		ask(0, "slow")
		ask(time.Millisecond, "own", "slow") // "own" is there after a second, "slow" after ten
		ask(5*time.Second, "own")
		wg.Wait()
		expect.Equal(t, "times that two texts were billed", fake.Ledger().Requests, 2)
	})
}

// TestALongJobIsRememberedAsItGoesOn: the vectors of a job's first requests are in the cache while
// the last request is in flight.
func TestALongJobIsRememberedAsItGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := embedtest.NewFake(embedtest.FakeOptions{
			Model: embedding.Model{Limits: embedding.Limits{Texts: 2}},
			Script: func(c embedtest.Call) embedtest.Reply {
				if c.Request.Texts[0] == "slow" {
					return embedtest.Reply{Latency: time.Hour}
				}
				return embedtest.Reply{Latency: time.Second}
			},
		})
		vectors, err := cache.New(cache.Options{})
		expect.NoError(t, err)
		defer vectors.Close()
		outer, err := cache.New(cache.Options{})
		expect.NoError(t, err)
		defer outer.Close()
		e := embedding.Chain(fake, outer.Wrap, vectors.Wrap, middleware.Batch(middleware.BatchOptions{}))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := e.Embed(ctx, embedding.Request{Texts: []string{"a", "b", "slow", "c", "d"}})
			if got := embedding.Salvage(embedding.Response{}, err); len(got.Vectors) != 5 || got.Vectors[0] == nil || got.Vectors[2] != nil {
				t.Errorf("got %v with %d rows, want the vectors of all but the slow text", err, len(got.Vectors))
			}
		})
		time.Sleep(2 * time.Second)
		for _, text := range []string{"a", "b", "d"} {
			for name, c := range map[string]*cache.Cache{"outer": outer, "inner": vectors} {
				res, err := embedding.Chain(fake, c.Wrap).Embed(t.Context(), embedding.Request{Texts: []string{text}})
				if err != nil || res.Usage.Reused != 1 {
					t.Errorf("%q is not in the %s cache yet: %+v, %v", text, name, res.Usage, err)
				}
			}
		}
		cancel()
		wg.Wait()
	})
}
