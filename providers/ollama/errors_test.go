package ollama

import (
	"testing"

	"github.com/vecspace/embedding/providers/internal/vendortest"
)

func TestEveryPatternIsProved(t *testing.T) {
	for _, r := range rules {
		vendortest.Proved(t, r.says)
	}
}
