package main

import (
	"strings"
	"testing"
)

func TestUnknownNames(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{"-dir", t.TempDir(), "valkey", "oracle"}, &out); err == nil || !strings.Contains(err.Error(), `"oracle"`) || out.Len() > 0 {
		t.Errorf("%v; printed %q", err, &out)
	}
}
