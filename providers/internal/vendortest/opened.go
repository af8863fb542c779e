package vendortest

import (
	"errors"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/ref"
)

// Opens checks what the Embedder of each reference says about itself. A Space or Limits of zero are
// not compared.
func Opens(t *testing.T, open func(ref.Ref) (embedding.Embedder, error), want map[string]embedding.Model) {
	t.Helper()
	for reference, want := range want {
		r, err := ref.Parse(reference)
		expect.NoError(t, err)
		e, err := open(r)
		if err != nil {
			t.Errorf("%s: got the error %v, want none", reference, err)
			continue
		}
		m := embedding.Chain(e).Model()
		got := embedding.Model{Provider: m.Provider, ID: m.ID, Dimensions: m.Dimensions, Endpoint: m.Endpoint, Variant: m.Variant}
		if want.Space != "" {
			got.Space = m.Space
		}
		if want.Limits != (embedding.Limits{}) {
			got.Limits = m.Limits
		}
		expect.Equal(t, reference, got, want)
	}
}

// BadReferences checks that open refuses each reference with an error of a kind that says what is
// beside the reference.
func BadReferences(t *testing.T, open func(ref.Ref) (embedding.Embedder, error), kind embedding.Kind, all map[string]string) {
	t.Helper()
	for reference, want := range all {
		r, err := ref.Parse(reference)
		expect.NoError(t, err)
		e, err := open(r)
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), want) || e != nil {
			t.Errorf("%s: got %v, want %v: %q", reference, err, kind, want)
		}
	}
}
