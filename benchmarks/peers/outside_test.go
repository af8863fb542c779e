package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestModel2vecIsMissing: a missing contender is reported before anything is measured.
func TestModel2vecIsMissing(t *testing.T) {
	if err := hasModel2vec(t.Context(), "python3", ""); err == nil || !strings.Contains(err.Error(), "EMBEDDING_TESTDATA") {
		t.Errorf("got %v, want one that names EMBEDDING_TESTDATA", err)
	}
	if err := hasModel2vec(t.Context(), filepath.Join(t.TempDir(), "python3"), "data"); err == nil || !strings.Contains(err.Error(), "requirements-speed.txt") {
		t.Errorf("got %v, want one that names requirements-speed.txt", err)
	}
}
