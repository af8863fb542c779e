package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// TestONNXRuntimeIsMissing: a missing contender is reported before anything is measured.
func TestONNXRuntimeIsMissing(t *testing.T) {
	expect.Says(t, "the error", hasONNXRuntime(t.Context(), "python3", ""), "-onnx")
	if err := hasONNXRuntime(t.Context(), filepath.Join(t.TempDir(), "python3"), "x.onnx"); err == nil || !strings.Contains(err.Error(), "needs numpy, onnxruntime and tokenizers") {
		t.Errorf("got %v, want one that says what is needed", err)
	}
}

// The passages are longer than any model's 256 tokens of ordinary text, and no text is empty.
func TestWorkload(t *testing.T) {
	w := newWorkload([]string{"A cat sleeps.", "A dog barks."})
	if len(w.Sentences) != 2 || len(w.Passages) != 32 || len(w.Passages[31]) < 2000 {
		t.Errorf("got %d sentences and %d passages, want 2 and 32", len(w.Sentences), len(w.Passages))
	}
}
