package check

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/floats"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

// acme is a service behind a provider with a table of its own. Zero limits are none.
type acme struct {
	texts, tokens int  // what it takes
	named         bool // its refusals name the limit
	cuts          bool
	price         embedding.Price
	asked         int                                                                    // requests
	fail          func(n int) error                                                      // of the n-th request; may be nil
	answer        func(req embedding.Request, res embedding.Response) embedding.Response // may be nil
}

// options are those of references to it.
type options struct {
	Dimensions int              `ref:"dimensions"`
	Limits     embedding.Limits `ref:"max_*"`
	KeyEnv     string           `ref:"key_env,variable"`
}

func (a *acme) table() providers.Table {
	return providers.Table{"acme": func(r ref.Ref) (embedding.Embedder, error) {
		var o options
		if err := r.Decode(&o); err != nil {
			return nil, err
		}
		return acmeModel{a, o}, nil
	}}
}

type acmeModel struct {
	*acme
	o options
}

func (m acmeModel) Model() embedding.Model {
	return embedding.Model{
		Provider: "acme", ID: "m", Endpoint: "api.acme.example", Dimensions: 8, Normalized: true, Symmetric: true,
		Limits: m.o.Limits, Price: m.price,
	}
}

func (m acmeModel) Embed(ctx context.Context, req embedding.Request) (res embedding.Response, err error) {
	if err := ctx.Err(); err != nil {
		return res, err
	}
	m.asked++
	if m.fail != nil {
		if err := m.fail(m.asked); err != nil {
			return res, err
		}
	}
	if m.texts > 0 && len(req.Texts) > m.texts {
		e := m.Model().Errorf(embedding.TooLarge, "too many texts")
		if e.Status = 400; m.named {
			e.Allowed.Texts = m.texts
		}
		return res, e
	}
	for _, text := range req.Texts {
		all := strings.Fields(text)
		if m.tokens > 0 && len(all) > m.tokens {
			if !m.cuts {
				e := m.Model().Errorf(embedding.Rejected, "too long")
				if e.Status = 400; m.named {
					e.Allowed.TextTokens = m.tokens
				}
				return res, e
			}
			all = all[:m.tokens]
		}
		res.Usage.Tokens += len(all)
		v := make([]float32, 8)
		for _, word := range all {
			for i, c := range word {
				v[(i+int(c))%8] += float32(c)
			}
		}
		length := floats.Norm(v)
		for i := range v {
			v[i] /= float32(length)
		}
		res.Vectors = append(res.Vectors, v)
	}
	res.Usage.Requests = 1
	if m.answer != nil {
		res = m.answer(req, res)
	}
	return res, nil
}

// run checks a reference to a service.
func (a *acme) run(t *testing.T, reference string, o Options) Report {
	t.Helper()
	o.Providers = a.table()
	c, err := New(reference, o)
	expect.NoError(t, err)
	return c.Run(t.Context())
}

func (r Report) of(name string) Finding {
	for _, f := range r.Findings {
		if f.Check == name {
			return f
		}
	}
	return Finding{}
}

// The budget is a bound, and what it does not cover is not asked.
func TestBudget(t *testing.T) {
	price := embedding.Price{PerMillion: 0.1, Currency: "USD"}
	for _, budget := range []float64{0, 0.00005, 0.0005, 1} { // 0: a cent
		a := &acme{texts: 96, tokens: 120_000, price: price}
		r := a.run(t, "acme:m?max_texts=96&max_text_tokens=120000", Options{Budget: budget})
		most := budget
		if most == 0 {
			most = 0.01
		}
		if r.Cost > most || math.Abs(r.Cost-float64(r.Tokens)*1e-7) > 1e-9 {
			t.Errorf("budget %v: got the cost %v of %d tokens, want at most %v", budget, r.Cost, r.Tokens, most)
		}
		f := r.of("longest text")
		if asked := budget == 1; asked != (f.Verdict == Agrees) || !asked && !strings.Contains(f.Reason, "raise -budget") {
			t.Errorf("budget %v: got %+v, want the longest text only for a budget of 1", budget, f)
		}
	}
	a := &acme{texts: 96, tokens: 500_000} // whose price nobody knows
	r := a.run(t, "acme:m?max_texts=96&max_text_tokens=500000&key_env=ACME", Options{})
	if f := r.of("longest text"); f.Verdict != NotAsked || !strings.Contains(f.Reason, "the price is unknown") || r.Tokens > mostTokens {
		t.Errorf("got %+v and %d tokens, want that it is not asked", f, r.Tokens)
	}
}

// A cent pays for the longest text of most models, because a refusal of what is too long is free.
func TestACentIsEnough(t *testing.T) {
	for _, perMillion := range []float64{0.02, 0.12} {
		a := &acme{texts: 96, tokens: 32_000, price: embedding.Price{PerMillion: perMillion, Currency: "USD"}}
		r := a.run(t, "acme:m?max_texts=96&max_text_tokens=32000", Options{})
		if f := r.of("longest text"); f.Verdict != Agrees || r.Cost > 0.01 {
			t.Errorf("%v a million: got %+v and the cost %v, want that it agrees for a cent", perMillion, f, r.Cost)
		}
	}
	// If the second text of the pair is too much, the first one says that the length is taken.
	a := &acme{texts: 96, tokens: 32_000, price: embedding.Price{PerMillion: 0.18, Currency: "USD"}}
	r := a.run(t, "acme:m?max_texts=96&max_text_tokens=32000", Options{})
	if f := r.of("longest text"); f.Verdict != Agrees || r.Cost > 0.01 {
		t.Errorf("got %+v and the cost %v, want that it agrees for a cent", f, r.Cost)
	}
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		reference string
		price     float64
		want      Plan
	}{
		{"acme:m?max_texts=10&max_text_tokens=1000", 0, Plan{Endpoint: "api.acme.example", Tokens: 3010, Free: true}},
		{"acme:m?max_texts=10&max_text_tokens=1000&key_env=ACME", 0, Plan{Endpoint: "api.acme.example", Tokens: 3010}},
		{"acme:m?max_texts=10&max_text_tokens=1000", 100, Plan{Endpoint: "api.acme.example", Tokens: 3010, Price: 0.301, Budget: 0.01, Currency: "USD"}},
		{"acme:m", 0, Plan{Endpoint: "api.acme.example", Tokens: 1064 + 26_880, Free: true}},
	} {
		a := &acme{}
		if c.price > 0 {
			a.price = embedding.Price{PerMillion: c.price, Currency: "USD"}
		}
		check, err := New(c.reference, Options{Providers: a.table()})
		expect.NoError(t, err)
		got := check.Plan()
		if math.Abs(got.Price-c.want.Price) < 1e-9 {
			got.Price = c.want.Price
		}
		expect.Equal(t, c.reference, got, c.want)
		expect.Equal(t, "requests before Run", a.asked, 0)
	}
}

func TestNewRefuses(t *testing.T) {
	for reference, want := range map[string]string{"acme:m?color=red": "color", "other:m": "no provider", "acme": "no colon"} {
		if _, err := New(reference, Options{Providers: (&acme{}).table()}); !errors.Is(err, embedding.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got the error %v, want %q", reference, err, want)
		}
	}
}

// What a layer around the providers is asked for is what they would be asked for.
func TestAroundAndEach(t *testing.T) {
	a := &acme{texts: 96, tokens: 512}
	through, heard := 0, 0
	r := a.run(t, "acme:m?max_texts=96&max_text_tokens=512", Options{
		Around: func(next embedding.Embedder) embedding.Embedder {
			return embedding.Wrap(next, next.Model(), func(ctx context.Context, req embedding.Request) (embedding.Response, error) {
				through++
				return next.Embed(ctx, req)
			})
		},
		Each: func(Finding) { heard++ },
	})
	expect.Equal(t, "requests through the layer", through, r.Requests)
	expect.Equal(t, "findings heard", heard, len(r.Findings))
	if r.Count(Agrees)+r.Count(NotStated)+r.Count(NotApplicable) != len(r.Findings) || r.Right != "" {
		t.Errorf("got %+v, want that nothing differs", r.Findings)
	}
}

// An answer that breaks the protocol is a finding too.
func TestMalformed(t *testing.T) {
	a := &acme{texts: 96, tokens: 512, answer: func(req embedding.Request, res embedding.Response) embedding.Response {
		if len(req.Texts) == len(sentences) {
			res.Vectors = res.Vectors[1:]
		}
		return res
	}}
	r := a.run(t, "acme:m?max_texts=96&max_text_tokens=512", Options{})
	if f := r.of("order"); f.Verdict != Differs || !strings.Contains(f.Reason, "3 vectors for 4 texts") || r.Count(Differs) != 1 {
		t.Errorf("got %+v and %d that differ, want that the order does", f, r.Count(Differs))
	}
}

// A reason has neither the request's id nor what the report says already.
func TestReason(t *testing.T) {
	e := acmeModel{acme: &acme{}}.Model().Errorf(embedding.RateLimited, "slow down")
	e.Status, e.RequestID, e.RetryAfter = 429, "req-1", 1234*time.Millisecond
	expect.Equal(t, "reason", reason(fmt.Errorf("behind a layer: %w", e)), "rate limited (429): slow down; retry after 1s")
	expect.Equal(t, "reason", reason(context.Canceled), "interrupted")
	expect.Equal(t, "reason", reason(context.DeadlineExceeded), "no answer in time")
	expect.Equal(t, "reason", reason(errors.New("odd")), "odd")
}

func TestApart(t *testing.T) {
	for _, c := range []struct {
		a, b []float32
		want float64
	}{
		{[]float32{1, 0}, []float32{2, 0}, 0},
		{[]float32{1, 0}, []float32{0, 3}, 1},
		{[]float32{1, 0}, []float32{-1, 0}, 2},
		{[]float32{1, 0}, []float32{0, 0}, 2},
		{[]float32{1}, []float32{1, 0}, 2},
	} {
		expect.Equal(t, fmt.Sprint(c.a, c.b), apart(c.a, c.b), c.want)
	}
}
