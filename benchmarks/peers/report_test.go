package main

import (
	"slices"
	"strings"
	"testing"
)

func TestWrapped(t *testing.T) {
	words := strings.Fields(method)
	got := wrapped(method, "  ")
	for line := range strings.Lines(got) {
		if n := len(strings.TrimRight(line, "\n")); n > 120 {
			t.Errorf("a line has %d columns, want at most 120: %q", n, line)
		}
	}
	if !slices.Equal(strings.Fields(got), words) {
		t.Errorf("the words changed: %q", got)
	}
}
