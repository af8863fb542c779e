package bedrock

import (
	"testing"

	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestEveryPatternIsProved(t *testing.T) {
	vendortest.Proved(t, tooManyTexts, tooManyToks, tooLong, daily, profileOnly, badModel, badLength, skewed, noAccess)
}
