package wire

import (
	"errors"
	"strings"
	"testing"
)

// What OpenAI takes in one request comes back within the bound, also from a server of which nothing
// is known.
func TestBound(t *testing.T) {
	const longest = 22 + 1 + 32 // "-0.012345678901234567," on a line, indented by 8 at each of four levels
	for _, b := range []Bound{{1, 0}, {2048, 1536}, {2048, 0}, {2048, 3072}, {100_000, 0}} {
		dims := b.Dimensions
		if dims == 0 {
			dims = unknownDimensions
		}
		if need := int64(b.Texts) * int64(dims) * longest; b.Bytes() < need {
			t.Errorf("%+v: %d bytes, and an answer can have %d", b, b.Bytes(), need)
		}
	}
	if few, known := (Bound{Texts: 100}).Bytes(), (Bound{100, 8}).Bytes(); few != 64<<20 || known != 100*8*64+1<<20 {
		t.Errorf("got %d and %d bytes, want 64 MiB and what 100 vectors take", few, known)
	}
	if got := (Bound{}).Bytes(); got != 1<<20 {
		t.Errorf("a document without vectors: got %d bytes, want %d", got, 1<<20)
	}
	if err := (Bound{Texts: 7}).TooLong(); !errors.Is(err, ErrTooLong) || !strings.Contains(err.Error(), "native_dimensions=") || !strings.Contains(err.Error(), "7 texts") {
		t.Errorf("got %v, want it to name the texts and the option", err)
	}
	if err := (Bound{7, 8}).TooLong(); !errors.Is(err, ErrTooLong) || strings.Contains(err.Error(), "native_dimensions=") {
		t.Errorf("got %v, want no word of the option", err)
	}
}
