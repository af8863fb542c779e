package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// TestNatForgets: a forgotten connection neither answers nor fails, and a new one works.
func TestNatForgets(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	n := new(nat)
	client := &http.Client{Transport: &http.Transport{DialContext: n.dial}}
	ask := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		expect.NoError(t, err)
		res, err := client.Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		return err
	}
	expect.NoError(t, ask(t.Context()))
	n.forget()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := ask(ctx); err == nil || ctx.Err() == nil {
		t.Errorf("got %v, want a request that hangs", err)
	}
	expect.NoError(t, ask(t.Context()))
	expect.Equal(t, "forgotten", n.forgotten(), 1)
	client.CloseIdleConnections()
}

// TestLeaving: the caller who stays gets the answer, and those who leave are counted.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left atomic.Int64
		fake := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: time.Second} }})
		e := leaving{fake, &left}
		for range 5 {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
			expect.NoError(t, err)
		}
		expect.Equal(t, "left", left.Load(), 5)
	})
}
