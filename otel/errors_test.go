package otelembedding

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
)

// Whatever an error quotes, and whatever a panic is about, stays out.
func TestNothingSecretIsTold(t *testing.T) {
	const secret = "sk-1234567890 patient file"
	for name, reply := range map[string]func() embedtest.Reply{
		"success": func() embedtest.Reply { return embedtest.Reply{} },
		"foreign": func() embedtest.Reply { return embedtest.Reply{Err: fmt.Errorf("cannot embed %q", secret)} },
		"ours": func() embedtest.Reply {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Rejected, Code: secret, RequestID: secret, Err: errors.New(secret)}}
		},
		"id": func() embedtest.Reply {
			return embedtest.Reply{Edit: func(res *embedding.Response) { res.ID = secret }}
		},
		"long": func() embedtest.Reply { return embedtest.Reply{Err: &embedding.Error{Code: strings.Repeat("x", 200)}} },
		"each": func() embedtest.Reply {
			return embedtest.Reply{Each: func(text string) error { return errors.New(text) }}
		},
		"panics": func() embedtest.Reply { panic(secret) },
	} {
		e := listen(t)
		f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Variant: secret}, Script: func(embedtest.Call) embedtest.Reply { return reply() }})
		func() {
			defer func() {
				if p := recover(); (p != nil) != (name == "panics") {
					t.Errorf("%s: panic %v", name, p)
				}
			}()
			_, _ = embedding.Chain(f, e.Observe, e.Attempts).Embed(t.Context(), embedding.Request{Texts: []string{secret, "b"}})
		}()
		spans := e.spans.GetSpans()
		told := fmt.Sprintf("%+v %+v", spans, e.collect(t))
		if len(spans) != 2 || len(e.metrics(t)) < 3 {
			t.Errorf("%s: %d spans, metrics %v", name, len(spans), e.metrics(t))
		}
		for _, bad := range []string{"sk-1234", "patient", strings.Repeat("x", 129)} {
			if strings.Contains(told, bad) {
				t.Errorf("%s: %q is told: %s", name, bad, told)
			}
		}
		if want := (name != "success" && name != "id"); strings.Contains(attributes(spans[0]), "error.type=") != want {
			t.Errorf("%s: got %s, want an error.type: %v", name, attributes(spans[0]), want)
		}
	}
}

func TestErrorTypes(t *testing.T) {
	seen := map[string]embedding.Kind{}
	for k := embedding.Unknown + 1; k.Error() != embedding.Unknown.Error(); k++ {
		name := errorType(k)
		if other, ok := seen[name]; ok || name == "_OTHER" {
			t.Errorf("%v and %v are both told as %q", k, other, name)
		}
		seen[name] = k
	}
	cut := &embedding.PartialError{Failed: []embedding.TextError{{Err: context.Canceled}}}
	for want, err := range map[string]error{
		"":            nil,
		"_OTHER":      errors.New("x"),
		"canceled":    cut,
		"timeout":     context.DeadlineExceeded,
		"unavailable": &embedding.Error{Kind: embedding.Unavailable, Err: context.DeadlineExceeded},
	} {
		expect.Equal(t, fmt.Sprintf("the type of %v", err), errorType(err), want)
	}
}

// A call is reported even if its caller has left.
func TestCanceledCallsAreTold(t *testing.T) {
	synctest.Test(t, canceledCallsAreTold)
}

func canceledCallsAreTold(t *testing.T) {
	e := listen(t)
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: time.Hour} }})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := embedding.Query(ctx, embedding.Chain(f, e.Observe, e.Attempts), "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got the error %v, want context.DeadlineExceeded", err)
	}
	timeouts := 0
	for _, m := range e.metrics(t) {
		if strings.Contains(m, "duration{") && strings.Contains(m, "error.type=timeout") {
			timeouts++
		}
	}
	if timeouts != 2 || len(e.spans.GetSpans()) != 2 {
		t.Errorf("got %v, want 2 timeouts and 2 spans", e.metrics(t))
	}
}

// Concurrent calls share common attributes, and none may write to them.
func TestConcurrentFailures(t *testing.T) {
	e := listen(t)
	f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Endpoint: "localhost:1"}, Script: func(c embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Err: []error{embedding.Auth, embedding.Exhausted}[c.Number%2]}
	}})
	var wg sync.WaitGroup
	stack := embedding.Chain(f, e.Observe, e.Attempts)
	for range 40 {
		wg.Go(func() { _, _ = embedding.Query(t.Context(), stack, "a") })
	}
	wg.Wait()
	for _, want := range []string{
		"operation.duration{error.type=auth,gen_ai.operation.name=embeddings,gen_ai.provider.name=fake,gen_ai.request.model=fake,server.address=localhost,server.port=1} 20 in",
		"operation.duration{error.type=exhausted,gen_ai.operation.name=embeddings,gen_ai.provider.name=fake,gen_ai.request.model=fake,server.address=localhost,server.port=1} 20 in",
		"call.duration{embedding.task=query,error.type=auth,gen_ai.provider.name=fake,gen_ai.request.model=fake} 20 in",
	} {
		if !strings.Contains(strings.Join(e.metrics(t), "\n"), want) {
			t.Errorf("%s is missing in %q", want, e.metrics(t))
		}
	}
	expect.Equal(t, "spans", len(e.spans.GetSpans()), 80)
}

// TestOneSpanPerRequest: of the operation embeddings there is one span for each request that is
// sent, and none for what the cache, an open circuit, the guard or a budget answers.
func TestOneSpanPerRequest(t *testing.T) {
	down := &embedding.Error{Kind: embedding.Unavailable, Status: 503}
	for name, c := range map[string]struct {
		fails  error // of each request
		layers func(t *testing.T) []embedding.Middleware
		inside func(t *testing.T, e embedding.Embedder) embedding.Embedder
		calls  []string
		ended  bool // the caller's context has ended
		spans  int  // in all
	}{
		"a call":           {calls: []string{"a"}, spans: 2},
		"cached":           {calls: strings.Split("aaaaaaaaaa", ""), layers: cached, spans: 11},
		"retried":          {calls: []string{"a"}, fails: down, layers: retried, spans: 4},
		"an open circuit":  {calls: []string{"a", "b", "c"}, fails: down, layers: broken, spans: 4},
		"a blank text":     {calls: []string{" "}, spans: 2},
		"a budget is used": {calls: []string{"a"}, inside: poor, spans: 2},
		"too late":         {calls: []string{"a"}, ended: true, spans: 1},
		"a timeout inside": {calls: []string{"a"}, inside: hasty, spans: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := listen(t)
				f := embedtest.NewFake(embedtest.FakeOptions{
					Model: embedding.Model{Price: embedding.Price{PerMillion: 1e6, Currency: "USD"}},
					Script: func(embedtest.Call) embedtest.Reply {
						return embedtest.Reply{Latency: time.Second, Err: c.fails}
					},
				})
				inner := embedding.Embedder(f)
				if c.inside != nil {
					inner = c.inside(t, inner)
				}
				layers := []embedding.Middleware{e.Observe}
				if c.layers != nil {
					layers = append(layers, c.layers(t)...)
				}
				stack := embedding.Chain(inner, append(layers, e.Attempts)...)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.ended {
					cancel()
				}
				for _, text := range c.calls {
					_, _ = embedding.Query(ctx, stack, text)
				}
				sent := 0
				for _, s := range e.spans.GetSpans() {
					if strings.Contains(attributes(s), "gen_ai.operation.name=embeddings") {
						sent++
						if s.SpanKind != trace.SpanKindClient || !strings.HasPrefix(s.Name, "embeddings ") {
							t.Errorf("got the span %s of kind %v, want embeddings of kind client", s.Name, s.SpanKind)
						}
					}
				}
				expect.Equal(t, "spans of the operation embeddings, one for each request", sent, len(f.Calls()))
				expect.Equal(t, "spans in all", len(e.spans.GetSpans()), c.spans)
				counted := 0
				for _, m := range e.metrics(t) {
					if strings.HasPrefix(m, "gen_ai.client.operation.duration{") {
						_, value, _ := strings.Cut(m, "} ")
						n, err := strconv.Atoi(strings.Fields(value)[0])
						if err != nil {
							t.Errorf("%s: %v", m, err)
						}
						counted += n
					}
				}
				expect.Equal(t, "operations in the metric", counted, sent)
			})
		})
	}
}

// cached is a cache of one text.
func cached(*testing.T) []embedding.Middleware {
	return []embedding.Middleware{func(next embedding.Embedder) embedding.Embedder {
		var kept *embedding.Response
		return embedding.Wrap(next, next.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
			if kept != nil {
				return embedding.Response{Vectors: kept.Vectors, Usage: embedding.Usage{Reused: 1}}, nil
			}
			res, err := next.Embed(ctx, req)
			if err == nil {
				kept = &res
			}
			return res, err
		})
	}}
}

func retried(*testing.T) []embedding.Middleware {
	return []embedding.Middleware{middleware.Retry(middleware.RetryOptions{Attempts: 3})}
}

func broken(*testing.T) []embedding.Middleware {
	return []embedding.Middleware{middleware.Breaker(middleware.BreakerOptions{Failures: 1, Cooldown: time.Hour})}
}

func poor(t *testing.T, e embedding.Embedder) embedding.Embedder {
	b, err := middleware.NewBudget(0.5, "USD")
	if err == nil {
		e, err = b.Wrap(e)
	}
	expect.NoError(t, err)
	return e
}

func hasty(_ *testing.T, e embedding.Embedder) embedding.Embedder {
	return embedding.Chain(e, middleware.Timeout(time.Millisecond))
}
