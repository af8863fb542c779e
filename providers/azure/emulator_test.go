package azure_test

import (
	"testing"

	"github.com/vecspace/embedding/providers/azure"
	"github.com/vecspace/embedding/providers/azure/azuretest"
	"github.com/vecspace/embedding/providers/emulator"
	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestEmulator(t *testing.T) {
	vendortest.Emulated{
		Name: "azure", Open: azure.Open, Catalog: azure.Catalog(), Model: "text-embedding-3-small", More: "&model={model}",
		New: func(o emulator.Options) (*emulator.Server, error) {
			return azuretest.New(azuretest.Options{Options: o})
		},
	}.Test(t)
}
