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
	for _, m := range tei.Models() {
		t.Run(m.ID, vendortest.Emulated{
			Name: "tei", Open: tei.Open, Model: m.ID, More: "&plain=true",
			Limits: map[string]embedding.Limits{m.ID: {Texts: 32, TextTokens: m.TextTokens}},
			New:    func(o emulator.Options) (*emulator.Server, error) { o.Model = m.ID; return teitest.New(o) },
		}.Test)
	}
}
