package middleware

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestObserveAndAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
			if c.Number == 1 {
				return embedtest.Reply{Latency: time.Second, Err: &embedding.Error{Kind: embedding.RateLimited, RetryAfter: 2 * time.Second}, Billed: true}
			}
			return embedtest.Reply{Latency: time.Second}
		}})
		var outer, inner []Event
		e := embedding.Chain(f,
			Observe(func(e Event) { outer = append(outer, e) }),
			Standard(StandardOptions{Attempts: func(e Event) { inner = append(inner, e) }}))
		_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a", "b", "a"}, Task: embedding.TaskQuery})
		expect.NoError(t, err)
		_, err = e.Embed(t.Context(), embedding.Request{})
		expect.NoError(t, err)
		if len(outer) != 1 || len(inner) != 2 {
			t.Fatalf("%d calls and %d attempts", len(outer), len(inner))
		}
		o := outer[0]
		if o.Texts != 3 || o.Duration != 4*time.Second || o.Err != nil || o.Usage.Requests != 1 || o.Usage.Reused != 1 || o.Task != embedding.TaskQuery {
			t.Errorf("the call: %+v", o)
		}
		if a := inner[0]; a.Texts != 2 || a.Duration != time.Second || embedding.KindOf(a.Err) != embedding.RateLimited || a.Usage.Requests != 0 {
			t.Errorf("the first attempt: %+v", a)
		}
		if a := inner[1]; a.Texts != 2 || a.Err != nil || a.Usage.Requests != 1 || a.Model.Provider != "fake" || a.ID != "fake-2" || a.Start.Sub(o.Start) != 3*time.Second {
			t.Errorf("the second attempt: %+v", a)
		}
	})
}

func TestLog(t *testing.T) {
	var out strings.Builder
	l := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
		if c.Number == 2 {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Exhausted, Err: errors.New("no money")}}
		}
		return embedtest.Reply{}
	}})
	e := embedding.Chain(f, Observe(Log(l)), Attempts(Log(nil)))
	_, _ = e.Embed(t.Context(), embedding.Request{Texts: []string{"secret", "text"}})
	_, _ = e.Embed(t.Context(), embedding.Request{Texts: []string{"secret"}, Task: embedding.TaskQuery})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || strings.Contains(out.String(), "secret") {
		t.Fatalf("logged %q", lines)
	}
	for i, wants := range [][]string{
		{"level=DEBUG", "provider=fake", "task=document", "texts=2", "requests=1", "request=fake-1"},
		{"level=WARN", "task=query", `kind="quota exhausted"`, "no money"},
	} {
		for _, want := range wants {
			if !strings.Contains(lines[i], want) {
				t.Errorf("%q lacks %s", lines[i], want)
			}
		}
	}
}
