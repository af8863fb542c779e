package middleware

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestFallbackMovesOnWithWhatFailed(t *testing.T) {
	for kind := embedding.Unknown; kind < embedding.Partial; kind++ {
		moves := map[embedding.Kind]bool{embedding.Auth: true, embedding.RateLimited: true, embedding.Exhausted: true, embedding.Unavailable: true, embedding.Malformed: true}[kind]
		a, b := &target{}, &target{}
		a.fail = func(_ int, text string) error {
			if text == "bad" {
				return failed(kind, 0)
			}
			return nil
		}
		e, err := Fallback(FallbackOptions{}, a, b)
		expect.NoError(t, err)
		err = ask(t.Context(), e, "good", "bad", "better")
		if moves && (err != nil || fmt.Sprint(b.texts) != "[bad]") {
			t.Errorf("%v: %v; b was sent %v", kind, err, b.texts)
		}
		if !moves && (embedding.KindOf(err) != embedding.Partial || b.calls != 0) {
			t.Errorf("%v: %v; b was sent %v", kind, err, b.texts)
		}
	}
}

func TestFallbackReturnsTheSoonest(t *testing.T) {
	a := &target{whole: failed(embedding.RateLimited, 30*time.Second)}
	b := &target{whole: failed(embedding.Unavailable, 7*time.Second)}
	c := &target{whole: failed(embedding.Auth, 0)}
	e, err := Fallback(FallbackOptions{}, a, b, c)
	expect.NoError(t, err)
	err = ask(t.Context(), e, "x", "y")
	if ours, _ := errors.AsType[*embedding.Error](err); ours == nil || ours.RetryAfter != 7*time.Second || c.calls != 1 {
		t.Errorf("got %v after %d requests to the last one, want a RetryAfter of 7s after 1", err, c.calls)
	}
	expect.Equal(t, "the kind", embedding.KindOf(err), embedding.Unavailable)
}

func TestFallbackPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &target{latency: time.Hour}, &target{latency: time.Second}
		e, _ := Fallback(FallbackOptions{Patience: 2 * time.Second}, a, b)
		start := time.Now()
		if err := ask(t.Context(), e, "x"); err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		a.latency = time.Second
		b.calls = 0
		if err := ask(t.Context(), e, "x"); err != nil || b.calls != 0 {
			t.Errorf("%v; the second was asked %d times", err, b.calls)
		}
		// The caller's end is the caller's.
		a.latency, b.latency = time.Hour, time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := ask(ctx, e, "x"); err != context.DeadlineExceeded {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}

// TestFallbackWaitsForWhoIsOut: an error does not end a call that another embedder is about to
// answer, whoever of the two fails, and rows that were paid for are kept.
func TestFallbackWaitsForWhoIsOut(t *testing.T) {
	for kind := embedding.Unknown; kind < embedding.Partial; kind++ {
		for _, deaf := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				a := &target{latency: 100 * time.Millisecond}
				b := &target{whole: failed(kind, 0)}
				if deaf { // the first one is slow, fails, and the hedge answers
					a.whole, b.whole, b.latency = failed(kind, 0), nil, 200*time.Millisecond
				}
				e, err := Fallback(FallbackOptions{Patience: 50 * time.Millisecond}, a, b)
				expect.NoError(t, err)
				res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"x", "yy"}})
				if err != nil || res.Usage.Tokens != 2 || b.calls != 1 {
					t.Errorf("%v, the slow one answers %v: got %v, usage %+v, want what the other one answers", kind, !deaf, err, res.Usage)
				}
			})
		}
	}
	// If nobody has a vector, the error that another embedder would repeat is the call's.
	synctest.Test(t, func(t *testing.T) {
		a, b := &target{latency: 100 * time.Millisecond, whole: failed(embedding.Unavailable, 0)}, &target{whole: failed(embedding.Invalid, 0)}
		c := &target{}
		e, err := Fallback(FallbackOptions{Patience: 50 * time.Millisecond}, a, b, c)
		expect.NoError(t, err)
		if err := ask(t.Context(), e, "x"); embedding.KindOf(err) != embedding.Invalid || c.calls != 0 {
			t.Errorf("got %v and %d requests to the third, want Invalid and none", err, c.calls)
		}
	})
	// Rows that a slow answer brings for some texts are placed; the others keep their error.
	synctest.Test(t, func(t *testing.T) {
		a := &target{latency: 100 * time.Millisecond, fail: func(_ int, text string) error {
			if text == "bad" {
				return failed(embedding.Rejected, 0)
			}
			return nil
		}}
		b := &target{whole: failed(embedding.TooLarge, 0)}
		e, err := Fallback(FallbackOptions{Patience: 50 * time.Millisecond}, a, b)
		expect.NoError(t, err)
		res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"x", "bad", "yy"}})
		if got := embedding.Salvage(res, err); len(got.Vectors) != 3 || got.Vectors[0] == nil || got.Vectors[1] != nil || got.Vectors[2] == nil {
			t.Errorf("got %v, %v, want rows 0 and 2", got.Vectors, err)
		}
	})
}
