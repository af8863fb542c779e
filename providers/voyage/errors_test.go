package voyage

import (
	"testing"

	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestEveryPatternIsProved(t *testing.T) {
	vendortest.Proved(t, tooManyTokens, tooManyTexts, tooLong, noModel)
}
