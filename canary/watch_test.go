package canary

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		latency := time.Duration(0)
		down := false
		var s *server
		f := embedtest.FakeOptions{Model: embedding.Model{Symmetric: true}, Script: func(c embedtest.Call) embedtest.Reply {
			if down {
				return embedtest.Reply{Err: embedding.Unavailable}
			}
			return embedtest.Reply{Latency: latency, Edit: func(res *embedding.Response) {
				if s.edit != nil {
					s.edit(c.Request, res)
				}
			}}
		}}
		s = &server{Fake: embedtest.NewFake(f)}
		ref := record(t, s, Options{})
		type told struct {
			at  time.Duration
			err error
		}
		var heard []told
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		latency = time.Minute
		go func() {
			defer close(done)
			Watch(ctx, s, ref, time.Hour, func(err error) {
				heard = append(heard, told{time.Since(start), err})
				switch len(heard) {
				case 1:
					s.edit = each(func(_ int, text string, _ []float32) []float32 { return other.Vector(0, text) })
				case 2:
					down = true
				case 3:
					down, s.edit = false, nil
				}
			})
		}()
		time.Sleep(4*time.Hour + 10*time.Minute)
		synctest.Wait()
		cancel()
		<-done
		want := []time.Duration{time.Minute, 62 * time.Minute, 122 * time.Minute, 183 * time.Minute, 244 * time.Minute}
		if len(heard) != len(want) {
			t.Fatalf("heard %v", heard)
		}
		for i, h := range heard {
			_, drifted := errors.AsType[*Drift](h.err)
			if h.at != want[i] || drifted != (i == 1) || errors.Is(h.err, embedding.Unavailable) != (i == 2) || h.err != nil && i != 1 && i != 2 {
				t.Errorf("check %d at %v: %v", i, h.at, h.err)
			}
		}
	})
}

func TestWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
			return embedtest.Reply{Latency: time.Minute}
		}})
		ref := record(t, f, Options{})
		before := len(f.Calls())

		// In the middle of a check: nothing is told, because the caller's end is no news.
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		Watch(ctx, f, ref, time.Hour, func(err error) { t.Errorf("told %v", err) })
		expect.Equal(t, "requests", len(f.Calls())-before, 1)
		Watch(ctx, f, ref, time.Hour, func(err error) { t.Errorf("told after the end: %v", err) })

		// Without an interval it checks once.
		n := 0
		Watch(t.Context(), f, ref, 0, func(err error) {
			if n++; err != nil {
				t.Errorf("got the error %v, want none", err)
			}
		})
		expect.Equal(t, "checks", n, 1)

		// Nobody listens: nothing is spent.
		before = len(f.Calls())
		Watch(t.Context(), f, ref, time.Hour, nil)
		expect.Equal(t, "requests", len(f.Calls()), before)

		// A drift that needs no answer is reported even if the context ended meanwhile.
		ended, stop := context.WithCancel(t.Context())
		now := embedding.Wrap(f, embedding.Model{Provider: "fake", ID: "successor", Dimensions: 8}, f.Embed)
		n = 0
		Watch(ended, leaving{now, stop}, ref, time.Hour, func(err error) {
			n++
			expect.Equal(t, "the change", drift(t, err).Change, SpaceChanged)
		})
		expect.Equal(t, "times told", n, 1)
	})
}

// leaving is an Embedder whose caller leaves when asked for its Model.
type leaving struct {
	embedding.Embedder
	leave func()
}

func (l leaving) Model() embedding.Model {
	l.leave()
	return l.Embedder.Model()
}
