package otelembedding

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/middleware"
)

func TestLaws(t *testing.T) {
	for name, layers := range map[string]func(*Telemetry) []embedding.Middleware{
		"Observe":  func(t *Telemetry) []embedding.Middleware { return []embedding.Middleware{t.Observe} },
		"Attempts": func(t *Telemetry) []embedding.Middleware { return []embedding.Middleware{t.Attempts} },
		"stack": func(t *Telemetry) []embedding.Middleware {
			return []embedding.Middleware{t.Observe, middleware.Standard(middleware.StandardOptions{}), t.Attempts}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			embedtest.Test(t, func(t *testing.T) embedtest.Subject {
				f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Price: embedding.Price{PerMillion: 1, Currency: "USD"}}})
				return embedtest.Subject{Embedder: embedding.Chain(f, layers(listen(t).Telemetry)...), Ledger: f.Ledger}
			})
		})
	}
}
