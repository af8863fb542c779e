package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
)

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := &patience{log: &log}
		begin := time.Now()
		fake := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
			if time.Since(begin) < 5*time.Second {
				return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Unavailable}}
			}
			return embedtest.Reply{}
		}})
		e := embedding.Chain(fake, middleware.Standard(middleware.StandardOptions{}), p.watch)
		for range 2 { // the second one is answered at once
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
			expect.NoError(t, err)
		}
		p.wait("", true)
		time.Sleep(time.Minute)
		// Retry's pauses are random: the wait ends before the second line, or soon after it.
		const line = "waiting, and asking again: embedding: fake:fake: service unavailable\n"
		if got := log.String(); got != line && got != line+line {
			t.Errorf("got %q, want %q once or twice", got, line)
		}
	})
}
