package main

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestWrapped(t *testing.T) {
	words := strings.Fields(method)
	got := wrapped(method, "  ")
	for line := range strings.Lines(got) {
		if n := len(strings.TrimRight(line, "\n")); n > 120 {
			t.Errorf("a line has %d columns, want at most 120: %q", n, line)
		}
	}
	expect.Equal(t, "the words", strings.Fields(got), words)
}
