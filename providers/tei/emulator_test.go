package tei_test

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/tei"
	"github.com/vecspace/embedding/providers/tei/teitest"
)

// A server has one model, so each model has an emulator of its own.
func TestEmulator(t *testing.T) {
	for _, m := range tei.Catalog() {
		t.Run(m.Model, vendortest.Emulated{
			Name: "tei", Open: tei.Open, Model: m.Model, More: "&plain=true",
			Limits: map[string]embedding.Limits{m.Model: {Texts: 32, TextTokens: m.Limits.TextTokens}},
			New:    func(o emulator.Options) (*emulator.Server, error) { o.Model = m.Model; return teitest.New(o) },
		}.Test)
	}
}
