package middleware

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: slow(time.Minute)})
		_, err := embedding.Chain(f, Timeout(time.Second)).Embed(t.Context(), embedding.Request{Texts: texts(1)})
		if !errors.Is(err, embedding.Unavailable) || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "within 1s") {
			t.Errorf("an attempt that is too slow: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err = embedding.Chain(f, Timeout(time.Second)).Embed(ctx, embedding.Request{Texts: texts(1)})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller who has no time: %v", err)
		}
		for _, none := range []time.Duration{0, -1} {
			_, err := embedding.Chain(f, Timeout(none)).Embed(t.Context(), embedding.Request{Texts: texts(1)})
			expect.NoError(t, err)
		}
	})
}

func TestTimeoutKeepsWhatWasPaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{
			Model: embedding.Model{Limits: embedding.Limits{Texts: 1}},
			Script: func(c embedtest.Call) embedtest.Reply {
				return embedtest.Reply{Latency: time.Duration(c.Number) * time.Second}
			},
		})
		e := embedding.Chain(f, Timeout(2500*time.Millisecond), Batch(BatchOptions{}))
		req := embedding.Request{Texts: texts(4)}
		_, err := e.Embed(t.Context(), req)
		p, ok := errors.AsType[*embedding.PartialError](err)
		if !ok || right(t, f, req, p.Response) != 2 || !errors.Is(err, embedding.Unavailable) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// TestTimeoutWhenTheCallerLeavesAtTheSameMoment: the attempt's deadline must not stand for the
// caller's cancel.
func TestTimeoutWhenTheCallerLeavesAtTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		f := embedtest.NewFake(embedtest.FakeOptions{})
		e := embedding.Wrap(f, f.Model(), func(attempt context.Context, _ embedding.Request) (embedding.Response, error) {
			<-attempt.Done()
			cancel()
			return embedding.Response{}, attempt.Err()
		})
		_, err := embedding.Chain(e, Timeout(time.Second)).Embed(ctx, embedding.Request{Texts: texts(1)})
		if !errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}
