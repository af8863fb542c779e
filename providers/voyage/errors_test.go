package voyage

import (
	"testing"

	"github.com/vecspace/embedding/providers/internal/jsonhttp/vendortest"
)

func TestEveryPatternIsProved(t *testing.T) {
	vendortest.Proved(t, tooManyTokens, tooManyTexts, tooLong, noModel)
}
