package middleware

import (
	"strings"
	"testing"
)

// TestCodes: a reader of a log tells a layer's own code from a provider's.
func TestCodes(t *testing.T) {
	for _, code := range []string{CodeOpen, CodeLimit, CodeBudget, CodeQuota, CodeTimeout} {
		if !strings.HasPrefix(code, "local_") {
			t.Errorf("the code %q does not begin with local_", code)
		}
	}
}
