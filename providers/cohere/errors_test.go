package cohere

import (
	"testing"

	"github.com/vecspace/embedding/providers/internal/jsonhttp/vendortest"
)

func TestEveryPatternIsProved(t *testing.T) {
	vendortest.Proved(t, tooMany, tooLong, monthly, unknown)
}
