package benchmarks

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
)

func TestBudget(t *testing.T) {
	f := fake("a", nil)
	o := quick(t.TempDir())
	o.Budgets = map[string]float64{"USD": 250e-6} // 250 tokens
	r := compare(t, o, []Task{tiny()}, f)
	if spent := f.Ledger().Tokens; spent == 0 || spent > 250 || !strings.Contains(r.Candidates[0].Failure, "budget") {
		t.Errorf("%d tokens spent, failure %q", spent, r.Candidates[0].Failure)
	}
	o.Budgets = map[string]float64{"CNY": 5}
	if r := compare(t, o, []Task{tiny()}, fake("a", nil)); !strings.Contains(r.Candidates[0].Failure, "USD") {
		t.Errorf("failure %q", r.Candidates[0].Failure)
	}
	unpriced := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Endpoint: "api.example.com"}})
	if r := compare(t, o, []Task{tiny()}, unpriced); !strings.Contains(r.Candidates[0].Failure, "price is unknown") {
		t.Errorf("failure %q", r.Candidates[0].Failure)
	}
}

func TestEstimate(t *testing.T) {
	dir := t.TempDir()
	o := quick(dir)
	stop := errors.New("too dear")
	var got Estimate
	o.Start = func(e Estimate) error { got = e; return stop }
	f := fake("a", nil)
	cny := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "c", Endpoint: "api.example.com", Price: embedding.Price{PerMillion: 7, Currency: "CNY"}}})
	cs := []Candidate{{Embedder: f}, {Embedder: cny}, {Reference: "nobody:x"}}
	if _, err := Compare(t.Context(), cs, []Task{tiny()}, o); !errors.Is(err, stop) || len(f.Calls()) != 0 {
		t.Fatalf("%v, %d calls", err, len(f.Calls()))
	}
	if e := got.Candidates[0]; e.Texts != 60 || e.Recorded != 0 || e.Tokens < 300 || math.Abs(e.Sum-float64(e.Tokens)/1e6) > 1e-12 {
		t.Errorf("got %+v, want 60 texts, none recorded, 300 tokens or more at 1 USD a million", e)
	}
	if got.Candidates[2].Failure == "" || len(got.Sums) != 2 || got.Sums["CNY"] != got.Candidates[1].Sum {
		t.Errorf("got %+v, want a failure of the third candidate and the sums of 2 currencies", got)
	}
}

// A sum without a currency is in the one that all prices have.
func TestCurrency(t *testing.T) {
	usd := Candidate{Embedder: fake("a", nil)}
	cny := Candidate{Embedder: embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Price: embedding.Price{PerMillion: 7, Currency: "CNY"}}})}
	local := Candidate{Reference: "static:base"}
	if got, err := Currency([]Candidate{local, usd, usd, {Reference: "nobody:x"}}); got != "USD" || err != nil {
		t.Errorf("got %s, %v, want USD", got, err)
	}
	if got, err := Currency([]Candidate{usd, cny}); err == nil {
		t.Errorf("two currencies are %s", got)
	}
	if got, err := Currency([]Candidate{local}); err == nil {
		t.Errorf("no price is in %s", got)
	}
}

// Two currencies stay separate, in the costs and in the notes.
func TestCurrenciesAreNotMixed(t *testing.T) {
	cny := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "c", Endpoint: "api.example.cn", Price: embedding.Price{PerMillion: 7, Currency: "CNY", AsOf: "2026-10-01"}}})
	o := quick(t.TempDir())
	o.Budgets = map[string]float64{"USD": 1, "CNY": 1}
	r := compare(t, o, []Task{tiny()}, fake("a", nil), cny)
	if len(r.Failed()) != 0 || r.Candidates[0].Costs[0].Currency != "USD" || r.Candidates[1].Costs[0].Currency != "CNY" {
		t.Errorf("got %v, %+v, want no failure, costs in USD and in CNY", r.Failed(), r.Candidates)
	}
	if !strings.Contains(strings.Join(r.Notes, " "), "several currencies") {
		t.Errorf("got the notes %q, want one about several currencies", r.Notes)
	}
}

// If the provider counts no tokens, they are estimated, and the report says so.
func TestUnmetered(t *testing.T) {
	f := fake("a", func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(r *embedding.Response) { r.Usage = embedding.Usage{Requests: 1, Unmetered: 1} }}
	})
	r := compare(t, quick(t.TempDir()), []Task{tiny()}, f)
	c := r.Candidates[0].Costs[0]
	want := 0
	for _, q := range tiny().requests() {
		want += embedding.EstimateTokens(q.text)
	}
	if !c.Estimated || c.Tokens != float64(want) || !strings.Contains(strings.Join(r.Notes, " "), "estimated tokens") {
		t.Errorf("%+v, estimated %d, notes %q", c, want, r.Notes)
	}
}

// Tokens of a report are those the provider billed, to the last one.
func TestTokensAreTheLedgers(t *testing.T) {
	f := fake("a", nil)
	r := compare(t, quick(t.TempDir()), []Task{tiny()}, f)
	if got, want := r.Candidates[0].Costs[0].Tokens, float64(f.Ledger().Tokens); math.Abs(got-want) > 1e-3 {
		t.Errorf("%v tokens, billed %v", got, want)
	}
}
