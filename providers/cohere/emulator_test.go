package cohere_test

import (
	"testing"

	"github.com/vecspace/embedding/providers/cohere"
	"github.com/vecspace/embedding/providers/cohere/coheretest"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestEmulator(t *testing.T) {
	vendortest.Emulated{
		Name: "cohere", Path: coheretest.BasePath, New: coheretest.New, Open: cohere.Open,
		Catalog: cohere.Catalog(), Model: "embed-v4.0",
	}.Test(t)
}
