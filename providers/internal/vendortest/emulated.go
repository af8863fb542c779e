package vendortest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/catalog"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/ref"
)

// Emulated is a vendor with its emulator, which Test holds to the vendor's catalog.
type Emulated struct {
	Name    string // the provider of its references
	Path    string // where its base URL ends
	New     func(emulator.Options) (*emulator.Server, error)
	Open    func(ref.Ref) (embedding.Embedder, error)
	Catalog []catalog.Entry // rows of other providers are skipped
	Model   string
	More    string // options for the test of limits, such as "&plain=true"; {model} stands for the model
	// Limits are the emulator's where the catalog differs or knows none.
	Limits map[string]embedding.Limits

	Cuts   bool // the service cuts long texts, whatever it is asked
	Vague  bool // it refuses too many texts without saying so
	Lumped bool // it refuses too many tokens in the words of a text too long
}

// Test checks that the emulator enforces the catalog's limits, finds what belongs together, answers
// every fault with its kind, refuses what is over a rate, and that vectors are read in any frame.
func (v Emulated) Test(t *testing.T) {
	t.Run("limits", v.limits)
	t.Run("search", v.search)
	t.Run("faults", v.faults)
	t.Run("rates", v.rates)
	t.Run("frames", v.frames)
}

// models returns the limits of each model, as the emulator has them.
func (v Emulated) models() map[string]embedding.Limits {
	all := maps.Clone(v.Limits)
	if all == nil {
		all = make(map[string]embedding.Limits)
	}
	for _, e := range v.Catalog {
		if _, set := all[e.Model]; !set && e.Provider == v.Name && e.Model != catalog.AnyModel {
			all[e.Model] = e.Limits
		}
	}
	return all
}

const variable = "KEY_OF_THE_EMULATOR"

// start serves the emulator and returns it with a function that opens one of its models.
func (v Emulated) start(t *testing.T, o emulator.Options) (*emulator.Server, func(model, more string) embedding.Embedder) {
	t.Helper()
	o.Keys = []string{Key}
	t.Setenv(variable, Key)
	s, err := v.New(o)
	expect.NoError(t, err)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s, func(model, more string) embedding.Embedder {
		t.Helper()
		r, err := ref.Parse(fmt.Sprintf("%s:%s?base_url=%s%s&key_env=%s%s", v.Name, model, srv.URL, v.Path, variable, more))
		expect.NoError(t, err)
		e, err := v.Open(r)
		expect.NoError(t, err)
		return embedding.Chain(e)
	}
}

// cheap is an Embedder whose vectors mean nothing.
type cheap struct{}

func (cheap) Model() embedding.Model {
	return embedding.Model{Provider: "cheap", ID: "one", Dimensions: 8, Normalized: true, Symmetric: true}
}

func (cheap) Embed(_ context.Context, req embedding.Request) (res embedding.Response, _ error) {
	for range req.Texts {
		res.Vectors = append(res.Vectors, []float32{1, 0, 0, 0, 0, 0, 0, 0})
	}
	return res, nil
}

// counted counts tokens in tests of limits: "#9" has 9 tokens, any other text one for each word.
func counted(text string) int {
	if n, err := strconv.Atoi(strings.TrimPrefix(text, "#")); err == nil && text[0] == '#' {
		return n
	}
	return max(1, len(strings.Fields(text)))
}

// limits checks that every model takes what is at each of its limits, and refuses what is just
// above with the right Kind.
func (v Emulated) limits(t *testing.T) {
	const unlimited = "&max_texts=1000000&max_tokens=100000000&max_text_tokens=100000000"
	words := func(n int) string { return fmt.Sprint("#", n) }
	if v.Cuts { // the emulator can cut words only
		words = func(n int) string { return strings.TrimSpace(strings.Repeat("a ", n)) }
	}
	s, open := v.start(t, emulator.Options{Tokens: counted, CacheBytes: 1 << 20, Embedder: cheap{}})
	for model, l := range v.models() {
		e := open(model, unlimited+strings.ReplaceAll(v.More, "{model}", model))
		ask := func(texts []string) error {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: texts})
			return err
		}
		if l.Texts > 0 {
			at := slices.Repeat([]string{"a"}, l.Texts)
			if model == v.Model { // so many vectors are enough once a vendor
				if err := ask(at); err != nil {
					t.Errorf("%s: %d texts: %v", model, len(at), err)
				}
			}
			err := ask(append(at, "a"))
			if got, ok := errors.AsType[*embedding.Error](err); !ok || got.Status == 0 ||
				!v.Vague && (got.Kind != embedding.TooLarge || got.Allowed.Texts != l.Texts) || v.Vague && got.Kind != embedding.Invalid {
				t.Errorf("%s: %d texts: %v", model, len(at)+1, err)
			}
		}
		if l.TextTokens > 0 {
			if err := ask([]string{words(l.TextTokens)}); err != nil {
				t.Errorf("%s: %d tokens: %v", model, l.TextTokens, err)
			}
			before := s.Ledger().Tokens
			switch err := ask([]string{words(l.TextTokens + 1)}); {
			case v.Cuts && (err != nil || s.Ledger().Tokens-before != l.TextTokens):
				t.Errorf("%s: %d tokens: %v", model, l.TextTokens+1, err)
			case !v.Cuts && !errors.Is(err, embedding.Rejected):
				t.Errorf("%s: %d tokens: %v", model, l.TextTokens+1, err)
			}
		}
		if l.Tokens > 0 {
			part := min(l.TextTokens, l.Tokens/10) // a tenth fits into a text
			texts := slices.Repeat([]string{words(part)}, l.Tokens/part)
			if rest := l.Tokens % part; rest > 0 {
				texts = append(texts, words(rest))
			}
			if err := ask(texts); err != nil {
				t.Errorf("%s: %d tokens in all: %v", model, l.Tokens, err)
			}
			if err := ask(append(texts, "a")); !errors.Is(err, embedding.TooLarge) && !(v.Lumped && errors.Is(err, embedding.Rejected)) {
				t.Errorf("%s: %d tokens in all: %v", model, l.Tokens+1, err)
			}
		}
	}
}

// search checks that questions find their documents, whatever roles, prefixes and dimensions there
// are.
func (v Emulated) search(t *testing.T) {
	documents := []string{"how to bake bread with yeast and flour", "the stock market fell sharply today", "a guide to growing tomatoes in the garden"}
	s, open := v.start(t, emulator.Options{})
	e := open(v.Model, "")
	rows, err := embedding.Documents(t.Context(), e, documents)
	expect.NoError(t, err)
	for i, question := range []string{"baking a loaf", "share prices dropped", "planting vegetables"} {
		q, err := embedding.Query(t.Context(), e, question)
		expect.NoError(t, err)
		var scores []float32
		for _, row := range rows {
			scores = append(scores, embedding.Cosine(q, row))
		}
		if got := slices.Index(scores, slices.Max(scores)); got != i {
			t.Errorf("%q finds %q: %v", question, documents[got], scores)
		}
	}
	if l := s.Ledger(); l.Texts != 6 || l.Twice != 0 || l.Answers[200] < 3 {
		t.Errorf("%+v", l)
	}
}

// faults checks that a client sees the Kind that the emulator's list of faults names, and that the
// emulator bills as the list says.
func (v Emulated) faults(t *testing.T) {
	s, open := v.start(t, emulator.Options{Embedder: cheap{}})
	e := open(v.Model, "")
	for _, f := range s.Catalog() {
		if f.Name == "hang" || f.Name == "slow" || f.Name == "kill" || f.Name == "overlength-hang" {
			continue // the tests of DashScope have them, and the code is the same
		}
		s.Reset()
		expect.NoError(t, s.SetFaults(emulator.Fault{Name: f.Name, Next: 1}))
		res, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"a", "b", "c"}})
		if got := embedding.KindOf(err); (err == nil) != (f.Kind == embedding.Unknown) || err != nil && got != f.Kind {
			t.Errorf("%s: got %v, want %v: %v", f.Name, got, f.Kind, err)
		}
		if err == nil && len(res.Vectors) != 3 {
			t.Errorf("%s: %d vectors", f.Name, len(res.Vectors))
		}
		if l := s.Ledger(); l.Faults[f.Name] > 0 && (l.Billed > 0) != (f.Billed || f.Kind == embedding.Unknown) {
			t.Errorf("%s: %+v", f.Name, l)
		}
	}
}

// rates checks that a request over a rate gets the vendor's refusal, with Retry-After if it is
// switched on, and is not billed.
func (v Emulated) rates(t *testing.T) {
	s, open := v.start(t, emulator.Options{Embedder: cheap{}})
	e := open(v.Model, "")
	for _, r := range []emulator.Rates{{RPM: 1, RPS: -1}, {TPM: 10, TPS: -1}} {
		s.Reset()
		expect.NoError(t, s.Configure(emulator.Settings{Rates: r, RetryAfter: true}))
		ask := func() error {
			_, err := e.Embed(t.Context(), embedding.Request{Texts: []string{"three words long and a few more of them"}})
			return err
		}
		if err := ask(); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
		err := ask()
		if got, ok := errors.AsType[*embedding.Error](err); !ok || got.Kind != embedding.RateLimited || got.RetryAfter <= 0 || got.RetryAfter > time.Minute {
			t.Errorf("%+v: %v", r, err)
		}
		if l := s.Ledger(); l.Billed != 1 {
			t.Errorf("%+v: %+v", r, l)
		}
	}
}
