package ollama_test

import (
	"testing"

	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/ollama"
	"github.com/vecspace/embedding/providers/ollama/ollamatest"
)

func TestEmulator(t *testing.T) {
	vendortest.Emulated{
		Name: "ollama", New: ollamatest.New, Open: ollama.Open,
		Catalog: ollama.Catalog(), Model: "nomic-embed-text", More: "&plain=true",
	}.Test(t)
}
