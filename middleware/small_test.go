package middleware

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
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
			if _, err := embedding.Chain(f, Timeout(none)).Embed(t.Context(), embedding.Request{Texts: texts(1)}); err != nil {
				t.Errorf("no timeout: %v", err)
			}
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

func TestDimensions(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	_, err := embedding.Chain(f, Dimensions(16)).Embed(t.Context(), embedding.Request{Texts: texts(1)})
	if !errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), "8 dimensions and 16") || len(f.Calls()) != 0 {
		t.Errorf("%v after %d requests", err, len(f.Calls()))
	}
	unknown := f.Model()
	unknown.Dimensions, unknown.Space = 0, ""
	e := embedding.Wrap(f, unknown, f.Embed)
	if _, err := embedding.Chain(e, Dimensions(16)).Embed(t.Context(), embedding.Request{Texts: texts(1)}); !errors.Is(err, embedding.Malformed) {
		t.Errorf("unknown dimensions, another length: %v", err)
	}
	for _, n := range []int{8, 0, -1} {
		if _, err := embedding.Chain(e, Dimensions(n)).Embed(t.Context(), embedding.Request{Texts: texts(1)}); err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func TestTruncate(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "bad" {
				return &embedding.Error{Kind: embedding.Rejected}
			}
			return nil
		}, Edit: func(res *embedding.Response) {
			for i, v := range res.Vectors {
				if i == 3 {
					res.Vectors[i] = append(make([]float32, 4), v[4:]...)
				}
			}
		}}
	}})
	e, err := Truncate(f, 4, TruncateOptions{})
	expect.NoError(t, err)
	if m := e.Model(); m.Dimensions != 4 || m.Space != "fake/fake@8/4" || !m.Normalized {
		t.Errorf("%+v", m)
	}
	in := []string{"a", "bad", "b", "zero"}
	res, err := e.Embed(t.Context(), embedding.Request{Texts: in})
	p, ok := errors.AsType[*embedding.PartialError](err)
	if !ok || res.Vectors != nil || len(p.Failed) != 2 || !errors.Is(err, embedding.Rejected) || !errors.Is(err, embedding.Malformed) {
		t.Fatalf("got %v", err)
	}
	for _, i := range []int{0, 2} {
		got, whole := p.Response.Vectors[i], f.Vector(0, in[i])
		sum := 0.0
		for _, x := range got {
			sum += float64(x) * float64(x)
		}
		if len(got) != 4 || math.Abs(sum-1) > 1e-6 || embedding.Cosine(got, whole[:4]) < 1-1e-6 {
			t.Errorf("text %d: %v of %v", i, got, whole)
		}
	}
	if e, err := Truncate(f, 8, TruncateOptions{}); err != nil || e.Model().Space != f.Model().Space {
		t.Errorf("all dimensions: %v, %v", e, err)
	}
	if e, err := Truncate(f, 4, TruncateOptions{Space: "native@4"}); err != nil || e.Model().Space != "native@4" {
		t.Errorf("an asserted space: %v, %v", e, err)
	}
	unknown := f.Model()
	unknown.Space = ""
	for want, build := range map[string]func() (embedding.Embedder, error){
		"is nil":         func() (embedding.Embedder, error) { return Truncate(nil, 4, TruncateOptions{}) },
		"ask for 1 to 8": func() (embedding.Embedder, error) { return Truncate(f, 9, TruncateOptions{}) },
		"0 dimensions":   func() (embedding.Embedder, error) { return Truncate(f, 0, TruncateOptions{}) },
		"embedding.Probe": func() (embedding.Embedder, error) {
			unknown.Dimensions = 0
			return Truncate(embedding.Wrap(f, unknown, f.Embed), 4, TruncateOptions{})
		},
	} {
		if e, err := build(); err == nil || e != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

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
		if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a", "b", "a"}, Task: embedding.TaskQuery}); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Embed(t.Context(), embedding.Request{}); err != nil {
			t.Fatal(err)
		}
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

// TestCallersDoNotShareTheirRows: rows are shared, the slice that holds them is each caller's own.
func TestCallersDoNotShareTheirRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := embedtest.NewFake(embedtest.FakeOptions{Script: slow(time.Second)})
		e := embedding.Chain(f, Coalesce(CoalesceOptions{}))
		req := embedding.Request{Texts: []string{"a", "b"}}
		answers := make(chan embedding.Response, 2)
		for range 2 {
			go func() {
				res, err := e.Embed(t.Context(), req)
				if err != nil {
					t.Error(err)
				}
				answers <- res
			}()
		}
		one, two := <-answers, <-answers
		one.Vectors[0] = nil
		if !slices.Equal(two.Vectors[0], f.Vector(0, "a")) {
			t.Error("two callers share one slice of rows")
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

// TestBreakerTellsWhy: who is refused by an open circuit hears what opened it.
func TestBreakerTellsWhy(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Unavailable, Err: errors.New("connection refused")}}
	}})
	e := embedding.Chain(f, Breaker(BreakerOptions{Failures: 1}))
	for range 2 {
		_, err := e.Embed(t.Context(), embedding.Request{Texts: texts(1)})
		if err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("got %v", err)
		}
	}
	if n := len(f.Calls()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// TestTimeoutWhenTheCallerLeavesAtTheSameMoment: the attempt's deadline must not stand for the caller's cancel.
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
