package command

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

// safe is a buffer for several goroutines.
type safe struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// slow answers after a time, and fails before a moment.
type late struct {
	takes time.Duration
	until time.Time
	kind  embedding.Kind
}

func (late) Model() embedding.Model {
	return embedding.Model{Provider: "slow", ID: "m", Endpoint: "host:1", Dimensions: 1}
}

func (s late) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	select {
	case <-ctx.Done():
		return embedding.Response{}, ctx.Err()
	case <-time.After(s.takes):
	}
	if time.Now().Before(s.until) {
		return embedding.Response{}, &embedding.Error{Kind: s.kind, Provider: "slow", Model: "m", Err: errors.New("connection refused")}
	}
	res := embedding.Response{}
	for range req.Texts {
		res.Vectors = append(res.Vectors, []float32{1})
	}
	return res, nil
}

// TestWhatACommandWaitsFor: embed and compare say it after a second, and then every 10 s.
func TestWhatACommandWaitsFor(t *testing.T) {
	for _, tc := range []struct {
		name  string
		takes time.Duration
		fails time.Duration
		kind  embedding.Kind
		code  int
		lines int
		more  int // lines that may follow: Retry's pauses are random
		says  string
	}{
		{name: "quick", takes: 900 * time.Millisecond},
		{name: "slow", takes: 25 * time.Second, lines: 3, says: "vecspace embed: waiting for an answer from slow:m at host:1\n"},
		{name: "refused", fails: 15 * time.Second, kind: embedding.Unavailable, lines: 2, more: 1, says: "vecspace embed: waiting, and asking again: embedding: slow:m: service unavailable: connection refused\n"},
		{name: "busy", fails: 3 * time.Second, kind: embedding.RateLimited, lines: 1, says: "rate limited"},
		{name: "wrong", fails: time.Hour, kind: embedding.Auth, code: 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := late{takes: tc.takes, until: time.Now().Add(tc.fails), kind: tc.kind}
				parts := Parts{Parts: config.Parts{Providers: providers.Table{"slow": func(ref.Ref) (embedding.Embedder, error) { return e, nil }}}}
				var out, errs safe
				code := parts.run(t.Context(), []string{"embed", "slow:m"}, streams{strings.NewReader("a\n"), &out, &errs})
				expect.Equal(t, "exit code", code, tc.code)
				if n := strings.Count(errs.String(), ": waiting"); n < tc.lines || n > tc.lines+tc.more {
					t.Errorf("got %d lines that say what it waits for, want %d to %d", n, tc.lines, tc.lines+tc.more)
				}
				holds(t, errs.String(), tc.says)
				before := errs.String()
				time.Sleep(time.Minute)
				expect.Equal(t, "what is said after the end", errs.String(), before)
			})
		})
	}
}

// TestWaitsAreOneLineEach: a comparison's own line is ended first.
func TestWaitsAreOneLineEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var errs safe
		bar := newProgress(&errs)
		bar.terminal, bar.drawn = true, 5
		w := &waits{say: bar.say}
		e, err := w.table(providers.Table{"slow": func(ref.Ref) (embedding.Embedder, error) { return late{takes: 2 * time.Second}, nil }}).Open("slow:m")
		expect.NoError(t, err)
		_, err = e.Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
		expect.NoError(t, err)
		w.end()
		expect.Equal(t, "what is written", errs.String(), "\nwaiting for an answer from slow:m at host:1\n")
	})
}
