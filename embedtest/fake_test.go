package embedtest

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestZeroFake(t *testing.T) {
	_, err := embedding.Chain(&Fake{}).Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
	expect.Says(t, "the error", err, "the Fake was not made by NewFake")
}
