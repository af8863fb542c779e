package voyage_test

import (
	"testing"

	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/voyage"
	"github.com/vecspace/embedding/providers/voyage/voyagetest"
)

func TestEmulator(t *testing.T) {
	vendortest.Emulated{
		Name: "voyage", Path: voyagetest.BasePath, New: voyagetest.New, Open: voyage.Open,
		Catalog: voyage.Catalog(), Model: "voyage-4",
	}.Test(t)
}
