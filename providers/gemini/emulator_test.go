package gemini_test

import (
	"testing"

	"github.com/vecspace/embedding/providers/gemini"
	"github.com/vecspace/embedding/providers/gemini/geminitest"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestEmulator(t *testing.T) {
	vendortest.Emulated{
		Name: "gemini", Path: geminitest.BasePath, New: geminitest.New, Open: gemini.Open,
		Catalog: gemini.Catalog(), Model: "gemini-embedding-001", More: "&plain=true&dimensions=128", Cuts: true,
	}.Test(t)
}
