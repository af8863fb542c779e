package models

import (
	"math"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/ollama"
)

func openOllama(t *testing.T, o ollama.Options) embedding.Embedder {
	t.Helper()
	e, err := ollama.New(o)
	expect.NoError(t, err)
	return e
}

func TestOllamaLaws(t *testing.T) {
	s := servers.Ollama(t)
	for name, o := range map[string]ollama.Options{
		"native":   {NativeDimensions: servers.LlamaDimensions},
		"unknown":  {},
		"cut":      {NativeDimensions: servers.LlamaDimensions, Dimensions: 16, Truncate: true},
		"prefixes": {QueryPrefix: "query: ", DocumentPrefix: "document: "},
	} {
		t.Run(name, func(t *testing.T) {
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				p := watch(t, s, 0)
				o.Model, o.BaseURL = "tiny", p.base
				return embedtest.Subject{Embedder: openOllama(t, o), Tolerance: tolerance, Ledger: p.ledger}
			})
		})
	}
}

// The server's refusals, and the advice for each.
func TestOllamaRefusals(t *testing.T) {
	s := servers.Ollama(t)
	for name, c := range map[string]struct {
		o     ollama.Options
		text  string
		kind  embedding.Kind
		words string
	}{
		"a text too long":     {ollama.Options{Model: "tiny"}, tokens(600), embedding.Rejected, "shorten or split the text"},
		"a text far too long": {ollama.Options{Model: "tiny"}, tokens(40_000), embedding.Rejected, "shorten or split the text"},
		"an unknown model":    {ollama.Options{Model: "huge"}, "hello", embedding.Invalid, "ollama pull huge"},
		"more dimensions":     {ollama.Options{Model: "tiny", Dimensions: 128}, "hello", embedding.Invalid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := watch(t, s, 0)
			c.o.BaseURL = p.base
			_, err := embedding.Query(t.Context(), embedding.Chain(openOllama(t, c.o), standard(1, 1)), c.text)
			wantKind(t, err, c.kind, c.words)
			expect.Equal(t, "requests", p.requests(), 1)
			t.Log(err)
		})
	}
	v, err := embedding.Query(t.Context(), openOllama(t, ollama.Options{Model: "tiny", BaseURL: s.URL, Truncate: true}), tokens(600))
	if err != nil || len(v) != servers.LlamaDimensions {
		t.Errorf("cut as asked: %d dimensions, %v", len(v), err)
	}
}

// The model is loaded again by a server that was killed, and the job goes on.
func TestOllamaKilledInMidBatch(t *testing.T) {
	s := servers.Ollama(t)
	p := watch(t, s, 0)
	e := openOllama(t, ollama.Options{Model: "tiny", BaseURL: p.base, NativeDimensions: servers.LlamaDimensions, KeepAlive: "1m"})
	texts := numbered(1000)
	rows := killMidway(t, s, p, 20, embedding.Chain(e, standard(10, 4)), texts)
	p.mustHavePaidOnce(t, texts, 10, 4)
	v, err := embedding.Documents(t.Context(), e, texts[999:])
	expect.NoError(t, err)
	if c := embedding.Cosine(v[0], rows[999]); math.Abs(1-float64(c)) > tolerance {
		t.Errorf("cosine %v", c)
	}
}
