package azure

import (
	"testing"

	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestEveryPatternIsProved(t *testing.T) {
	vendortest.Proved(t, tooMany, tooMuch, tooLong, firewall, lacksRole, wrongModel, noLengths)
}
