package middleware

import (
	"strings"
	"testing"
)

// TestCodes: in a log, a layer's code differs from any provider's.
func TestCodes(t *testing.T) {
	for _, code := range []string{CodeOpen, CodeLimit, CodeBudget, CodeQuota, CodeTimeout} {
		if !strings.HasPrefix(code, "local_") {
			t.Errorf("the code %q does not begin with local_", code)
		}
	}
}
