package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// TestModel2vecIsMissing: a missing contender is reported before anything is measured.
func TestModel2vecIsMissing(t *testing.T) {
	expect.Says(t, "the error", hasModel2vec(t.Context(), "python3", ""), "EMBEDDING_TESTDATA")
	if err := hasModel2vec(t.Context(), filepath.Join(t.TempDir(), "python3"), "data"); err == nil || !strings.Contains(err.Error(), "requirements-speed.txt") {
		t.Errorf("got %v, want one that names requirements-speed.txt", err)
	}
}
