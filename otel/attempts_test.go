package otelembedding

import (
	"errors"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware"
)

// Two providers behind one Fallback are billed apart, each in its currency.
func TestCostByProviderAndCurrency(t *testing.T) {
	provider := func(name, currency string, script func(embedtest.Call) embedtest.Reply) embedding.Embedder {
		return embedtest.NewFake(embedtest.FakeOptions{Script: script, Model: embedding.Model{
			Provider: name, Space: "one", Price: embedding.Price{PerMillion: 1e6, Currency: currency},
		}})
	}
	down := func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Err: embedding.Unavailable} }
	first := 0
	e := listen(t)
	both, err := middleware.Fallback(middleware.FallbackOptions{},
		embedding.Chain(provider("near", "CNY", func(c embedtest.Call) embedtest.Reply {
			if first++; first > 1 {
				return down(c)
			}
			return embedtest.Reply{}
		}), e.Attempts),
		embedding.Chain(provider("far", "USD", nil), e.Attempts))
	expect.NoError(t, err)
	stack := embedding.Chain(both, e.Observe)
	for range 3 {
		_, err := embedding.Query(t.Context(), stack, "a")
		expect.NoError(t, err)
	}
	var costs []string
	for _, m := range e.metrics(t) {
		if strings.HasPrefix(m, "embedding.cost") {
			costs = append(costs, m)
		}
	}
	equal(t, "costs", costs, []string{
		"embedding.cost{embedding.currency=CNY,gen_ai.operation.name=embeddings,gen_ai.provider.name=near,gen_ai.request.model=fake} 1",
		"embedding.cost{embedding.currency=USD,gen_ai.operation.name=embeddings,gen_ai.provider.name=far,gen_ai.request.model=fake} 2",
	})
}

// A provider that does not say its tokens gives neither tokens nor cost, and says so.
func TestUnmetered(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Price: embedding.Price{PerMillion: 1, Currency: "USD"}}, Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(res *embedding.Response) { res.Usage = embedding.Usage{} }}
	}})
	e := listen(t)
	_, err := embedding.Query(t.Context(), embedding.Chain(f, e.Attempts), "a")
	expect.NoError(t, err)
	const identity = "{gen_ai.operation.name=embeddings,gen_ai.provider.name=fake,gen_ai.request.model=fake} "
	got := e.metrics(t)
	if len(got) != 2 || got[0] != "embedding.unmetered_requests"+identity+"1" || !strings.HasPrefix(got[1], "gen_ai.client.operation.duration"+identity) {
		t.Errorf("got %q, want one unmetered request and a duration", got)
	}
	if s := attributes(e.spans.GetSpans()[0]); strings.Contains(s, "input_tokens") {
		t.Errorf("attributes: got %s, want no input_tokens", s)
	}
}

func TestPartialCallsTellWhatTheyPaid(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Each: func(text string) error {
			if text == "bad" {
				return &embedding.Error{Kind: embedding.Rejected, Status: 400, Err: errors.New("inspection")}
			}
			return nil
		}}
	}})
	e := listen(t)
	_, err := embedding.Documents(t.Context(), embedding.Chain(f, e.Observe, e.Attempts), []string{"a", "bad", "b"})
	if embedding.KindOf(err) != embedding.Partial {
		t.Fatalf("got the error %v, want a partial one", err)
	}
	spans := e.spans.GetSpans()
	for i, want := range [][]string{
		{"error.type=partial", "gen_ai.usage.input_tokens=2", "http.response.status_code=400", "gen_ai.embeddings.dimension.count=8"},
		{"error.type=partial", "embedding.token.count=2", "embedding.text.failed=1", "embedding.text.count=3"},
	} {
		for _, w := range want {
			if !strings.Contains(attributes(spans[i]), w) {
				t.Errorf("%s is missing in %s", w, attributes(spans[i]))
			}
		}
		expect.Equal(t, "the status", spans[i].Status.Code, codes.Error)
	}
}
