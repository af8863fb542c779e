package full_test

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding/config"
	"github.com/vecspace/embedding/full"
	"github.com/vecspace/embedding/internal/expect"
)

// Package config says of exactly these parts that the full build has them.
func TestConfigKnowsTheNames(t *testing.T) {
	for _, text := range []string{
		"embedders: {a: {reference: static:base, cache: {tier: {}}}}",
		"embedders: {a: {reference: static:base, limit: {shared: {}}}}",
		"telemetry: {}\nembedders: {a: {reference: static:base}}",
	} {
		_, small := config.Read(strings.NewReader(text), config.Parts{})
		_, all := config.Read(strings.NewReader(text), full.Parts())
		if small == nil || all == nil || small.Error() != all.Error() || !strings.Contains(all.Error(), "name one of") {
			t.Errorf("%s: got %v by the small build and %v by the full one, want the same names", text, small, all)
		}
	}
}

// read opens a file by all parts.
func read(t *testing.T, text string) *config.Set {
	t.Helper()
	s, err := config.Read(strings.NewReader(text), full.Parts())
	expect.NoError(t, err)
	t.Cleanup(func() { expect.NoError(t, s.Close()) })
	return s
}

// refused is the error of a file whose only embedder has a field.
func refused(t *testing.T, field string) string {
	t.Helper()
	s, err := config.Read(strings.NewReader("embedders: {a: {reference: static:base, "+field+"}}"), full.Parts())
	if err == nil {
		_ = s.Close()
		t.Errorf("%s: got no error, want one", field)
		return ""
	}
	return err.Error()
}
