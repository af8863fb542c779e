package gemini

import (
	"testing"

	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestEveryPatternIsProved(t *testing.T) {
	vendortest.Proved(t, tooMany, tooLarge, tooLong, wrongKey, wrongLand, noMoney)
}
