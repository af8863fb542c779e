package command

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers"
	"github.com/vecspace/embedding/providers/ref"
)

// slow answers after a minute, or fails when its context ends.
type slow struct {
	price embedding.Price
	sent  map[string]int // not shared: the tests look after everything has ended
	gate  chan struct{}  // one request at a time
}

func newSlow() *slow {
	return &slow{sent: map[string]int{}, gate: make(chan struct{}, 1), price: embedding.Price{PerMillion: 1e6, Currency: "USD", AsOf: "2026-10-01"}}
}

func (s *slow) Model() embedding.Model {
	return embedding.Model{Provider: "slow", ID: "one", Endpoint: "slow.example", Space: "slow", Dimensions: 2, Price: s.price, Limits: embedding.Limits{Texts: 2}}
}

func (s *slow) Embed(ctx context.Context, req embedding.Request) (embedding.Response, error) {
	s.gate <- struct{}{}
	for _, text := range req.Texts {
		s.sent[text]++
	}
	<-s.gate
	select {
	case <-time.After(30 * time.Second):
	case <-ctx.Done():
		return embedding.Response{}, ctx.Err()
	}
	out := embedding.Response{Usage: embedding.Usage{Requests: 1, Tokens: len(req.Texts)}}
	for _, text := range req.Texts {
		out.Vectors = append(out.Vectors, []float32{float32(len(text)), 1})
	}
	return out, nil
}

func (s *slow) parts() Parts {
	return Parts{Parts: config.Parts{Providers: providers.Table{"slow": func(ref.Ref) (embedding.Embedder, error) { return s, nil }}}}
}

// An interruption sends nothing more and loses nothing that is under way.
func TestAccountOutlastsTheInterruption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop, interrupt := context.WithCancel(t.Context())
		s := newSlow()
		a := &account{stop: stop}
		e, err := a.wrap(s)
		expect.NoError(t, err)
		time.AfterFunc(time.Second, interrupt)
		res, err := e.Embed(stop, embedding.Request{Texts: []string{"a"}})
		expect.NoError(t, err)
		expect.Equal(t, "vectors", len(res.Vectors), 1)
		_, err = e.Embed(t.Context(), embedding.Request{Texts: []string{"b"}})
		if !errors.Is(err, context.Canceled) || s.sent["b"] != 0 {
			t.Errorf("got the error %v and %d requests after the interruption, want Canceled and none", err, s.sent["b"])
		}
		expect.Equal(t, "account", a.String(), "1 tokens, 1.0000 USD")
	})
}

// Any other end of a context ends the request.
func TestAccountEndsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &account{stop: t.Context()}
		e, err := a.wrap(newSlow())
		expect.NoError(t, err)
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = e.Embed(late, embedding.Request{Texts: []string{"a"}})
		expect.Equal(t, "the deadline's error", errors.Is(err, context.DeadlineExceeded), true)
		gone, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		_, err = e.Embed(gone, embedding.Request{Texts: []string{"a"}})
		expect.Equal(t, "the caller's error", errors.Is(err, context.Canceled), true)
	})
}

func TestAccountKeepsTheBudget(t *testing.T) {
	for _, c := range []struct {
		budget sum
		price  embedding.Price
		want   string
	}{
		{sum{5, "EUR"}, embedding.Price{PerMillion: 1, Currency: "USD"}, `priced in "USD"`},
		{sum{5, ""}, embedding.Price{}, "the price of slow:one is unknown"},
		{sum{5, "USD"}, embedding.Price{}, "is unknown"},
		{sum{1e-9, ""}, embedding.Price{PerMillion: 1, Currency: "USD"}, ""},
	} {
		s := newSlow()
		s.price = c.price
		a := &account{stop: t.Context(), budget: c.budget}
		e, err := a.wrap(s)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got the error %v, want %q", c.budget, err, c.want)
		}
		if err != nil {
			continue
		}
		if _, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"many words in a text"}}); !errors.Is(err, embedding.Exhausted) {
			t.Errorf("%+v: got the error %v, want Exhausted", c.budget, err)
		}
	}
}

// What was billed before an interruption of compare is recorded: going on pays for no text twice.
func TestCompareKeepsWhatWasBilled(t *testing.T) {
	sets(t)
	s := newSlow()
	run := func(after time.Duration) (err error) {
		synctest.Test(t, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			time.AfterFunc(after, interrupt)
			var out, errs strings.Builder
			err = s.parts().compare(ctx, append([]string{"-html", "", "slow:one"}, small...), streams{strings.NewReader(""), &out, &errs})
		})
		return err
	}
	if err := run(time.Second); err == nil || !strings.Contains(err.Error(), "interrupted") || len(s.sent) == 0 {
		t.Errorf("got the error %v and %d texts, want an interruption with requests under way", err, len(s.sent))
	}
	expect.NoError(t, run(time.Hour))
	for text, n := range s.sent {
		expect.Equal(t, text+", times sent", n, 1)
	}
	expect.Equal(t, "texts", len(s.sent), 14)
}
