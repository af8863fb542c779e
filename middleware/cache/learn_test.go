package cache_test

import (
	"context"
	"errors"
	"fmt"
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

// unknown returns f without its dimensions and its Space, as a server's model that is in no table.
func unknown(f *embedtest.Fake) embedding.Embedder {
	m := f.Model()
	m.Space, m.Dimensions = "", 0
	return embedding.Wrap(f, m, f.Embed)
}

func numbered(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprint("text ", i)
	}
	return texts
}

// TestUnknownSpaceIsLearned: the second run of a program pays for its first text at most once more.
func TestUnknownSpaceIsLearned(t *testing.T) {
	s, texts := newStore(), numbered(100)
	for run, want := range []embedding.Usage{{Requests: 2}, {Requests: 1, Reused: 99}} {
		f := embedtest.NewFake(embedtest.FakeOptions{})
		c := over(t, cache.Options{Store: s})
		e := embedding.Chain(unknown(f), c.Wrap)
		expect.Equal(t, "chains without the Store", c.Stats().Tier.Unknown, 1)
		u := embed(t, e, texts...)
		expect.Equal(t, fmt.Sprint("requests of run ", run), u.Requests, want.Requests)
		expect.Equal(t, fmt.Sprint("texts reused in run ", run), u.Reused, want.Reused)
		expect.Equal(t, "usage", f.Ledger().Requests, u.Requests)
		expect.Equal(t, "chains without the Store", c.Stats().Tier.Unknown, 0)
		again, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
		expect.NoError(t, err)
		expect.Equal(t, "texts reused", again.Usage, embedding.Usage{Reused: 100})
		for i, text := range texts {
			expect.Equal(t, text, again.Vectors[i], f.Vector(0, text))
		}
	}
	// It is the Space that Probe finds out.
	f := embedtest.NewFake(embedtest.FakeOptions{})
	e, err := embedding.Probe(t.Context(), unknown(f))
	expect.NoError(t, err)
	expect.Equal(t, "texts reused", embed(t, embedding.Chain(e, over(t, cache.Options{Store: s}).Wrap), texts...).Reused, 100)
}

// TestUnknownSpaceOfManyCallers: those that come while the first text is asked for wait for it.
func TestUnknownSpaceOfManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, texts := newStore(), numbered(32)
		for run, most := range []int{33, 1} {
			f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: time.Second} }})
			c, err := cache.New(cache.Options{Store: s})
			expect.NoError(t, err)
			e := embedding.Chain(unknown(f), c.Wrap)
			var wg sync.WaitGroup
			for _, text := range texts {
				wg.Go(func() {
					v, err := embedding.Query(t.Context(), e, text)
					expect.NoError(t, err)
					expect.Equal(t, text, v, f.Vector(embedding.TaskQuery, text))
				})
			}
			impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_, err = embedding.Query(impatient, e, "not now")
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a caller that cannot wait got %v, want its deadline", err)
			}
			wg.Wait()
			if n := f.Ledger().Requests; n > most {
				t.Errorf("run %d took %d requests, want at most %d", run, n, most)
			}
			c.Close()
		}
	})
}

// TestUnknownSpaceAfterAFailure: the first text of the first call fails. The others are embedded,
// nobody waits for a second try, and the next answer tells the Space.
func TestUnknownSpaceAfterAFailure(t *testing.T) {
	for name, tc := range map[string]struct {
		bad    string
		kind   embedding.Kind
		reused int // in a second run
	}{
		"blank":           {bad: " ", kind: embedding.Rejected, reused: 8},
		"rejected":        {bad: "bad", kind: embedding.Rejected, reused: 8},
		"crashes a model": {bad: "bad", kind: embedding.Unavailable},
		"not understood":  {bad: "bad", kind: embedding.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore()
			texts := append([]string{tc.bad}, numbered(9)...)
			for run := range 2 {
				f := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
					return embedtest.Reply{Each: func(text string) error {
						if text == "bad" {
							return &embedding.Error{Kind: tc.kind, Status: 500, Err: errors.New("no")}
						}
						return nil
					}}
				}})
				c := over(t, cache.Options{Store: s})
				e := embedding.Chain(unknown(f), c.Wrap)
				res, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
				p, ok := errors.AsType[*embedding.PartialError](err)
				if !ok || len(p.Failed) != 1 || p.Failed[0].Index != 0 || embedding.KindOf(p.Failed[0].Err) != tc.kind {
					t.Fatalf("run %d: got %v, want one failure, of the first text, as %v", run, err, tc.kind)
				}
				res = embedding.Salvage(res, err)
				for i, text := range texts[1:] {
					expect.Equal(t, fmt.Sprintf("run %d: the vector of %q", run, text), res.Vectors[i+1], f.Vector(0, text))
				}
				if run == 1 {
					expect.Equal(t, "texts reused", res.Usage.Reused, tc.reused)
				}
				expect.Equal(t, "chains without the Store", c.Stats().Tier.Unknown, 0)
				expect.Equal(t, "texts reused afterwards", embed(t, e, texts[1:]...).Reused, 9)
			}
		})
	}
}

// TestUnknownSpaceAfterRefusedTexts: a call without one good text leaves the first one to the next.
func TestUnknownSpaceAfterRefusedTexts(t *testing.T) {
	s, texts := newStore(), numbered(10)
	for run, want := range []int{0, 9} {
		e := embedding.Chain(unknown(embedtest.NewFake(embedtest.FakeOptions{})), over(t, cache.Options{Store: s}).Wrap)
		for range 3 {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{" "}})
			expect.Equal(t, "kind", embedding.KindOf(err), embedding.Rejected)
		}
		expect.Equal(t, fmt.Sprint("texts reused in run ", run), embed(t, e, texts...).Reused, want)
	}
}

// TestUnknownSpaceOfADeadProvider: the error is the provider's own, and plain.
func TestUnknownSpaceOfADeadProvider(t *testing.T) {
	down := true
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		if down {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Auth, Status: 401, Err: errors.New("no")}}
		}
		return embedtest.Reply{}
	}})
	c := over(t, cache.Options{Store: newStore()})
	e := embedding.Chain(unknown(f), c.Wrap)
	for range 2 {
		_, err := e.Embed(t.Context(), embedding.Request{Texts: numbered(3)})
		expect.Equal(t, "kind", embedding.KindOf(err), embedding.Auth)
	}
	expect.Equal(t, "requests", len(f.Calls()), 3)
	expect.Equal(t, "chains without the Store", c.Stats().Tier.Unknown, 1)
	down = false
	embed(t, e, numbered(3)...)
	expect.Equal(t, "texts reused", embed(t, e, numbered(3)...).Reused, 3)
	expect.Equal(t, "chains without the Store", c.Stats().Tier.Unknown, 0)
}

// TestUnknownSpaceKeepsTheLaws: a chain that learns its Space is an Embedder like any other.
func TestUnknownSpaceKeepsTheLaws(t *testing.T) {
	embedtest.Test(t, func(t *testing.T) embedtest.Subject {
		f := embedtest.NewFake(embedtest.FakeOptions{})
		c := over(t, cache.Options{Store: newStore()})
		return embedtest.Subject{Embedder: embedding.Chain(unknown(f), c.Wrap, middleware.Standard(middleware.StandardOptions{})), Ledger: f.Ledger}
	})
}

// TestPurgeWhileTheSpaceIsLearned: what was under way when a purge came is not kept.
func TestPurgeWhileTheSpaceIsLearned(t *testing.T) {
	s := newStore()
	c := over(t, cache.Options{Store: s})
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(call embedtest.Call) embedtest.Reply {
		if call.Number == 1 {
			expect.NoError(t, c.Purge(context.Background()))
		}
		return embedtest.Reply{}
	}})
	e := embedding.Chain(unknown(f), c.Wrap)
	embed(t, e, "a")
	expect.Equal(t, "vectors in the Store", s.size(), 0)
	expect.Equal(t, "requests", embed(t, e, "a").Requests, 1)
	expect.Equal(t, "vectors in the Store", s.size(), 1)
}
