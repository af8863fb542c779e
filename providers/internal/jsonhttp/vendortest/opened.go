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

// BadReference is a reference that Open has to refuse, and what the error has to say.
type BadReference struct {
	Reference string
	Kind      embedding.Kind
	Want      string
}

// BadReferences holds open to refusing each of them.
func BadReferences(t *testing.T, open func(ref.Ref) (embedding.Embedder, error), all []BadReference) {
	t.Helper()
	for _, tc := range all {
		r, err := ref.Parse(tc.Reference)
		expect.NoError(t, err)
		e, err := open(r)
		if !errors.Is(err, tc.Kind) || !strings.Contains(err.Error(), tc.Want) || e != nil {
			t.Errorf("%s: got %v, want %v: %q", tc.Reference, err, tc.Kind, tc.Want)
		}
	}
}
