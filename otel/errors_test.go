package otelembedding

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
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
		if got := errorType(err); got != want {
			t.Errorf("%v is told as %q, want %q", err, got, want)
		}
	}
}

// A call is reported even if its caller has left.
func TestCanceledCallsAreTold(t *testing.T) {
	e := listen(t)
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: time.Hour} }})
	ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
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
	if n := len(e.spans.GetSpans()); n != 80 {
		t.Errorf("%d spans", n)
	}
}
