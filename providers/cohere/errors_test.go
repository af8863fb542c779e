package cohere

import (
	"testing"

	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestEveryPatternIsProved(t *testing.T) {
	vendortest.Proved(t, tooMany, tooLong, monthly, unknown)
}
