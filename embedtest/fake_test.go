package embedtest

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding"
)

func TestZeroFake(t *testing.T) {
	_, err := embedding.Chain(&Fake{}).Embed(t.Context(), embedding.Request{Texts: []string{"a"}})
	if err == nil || !strings.Contains(err.Error(), "the Fake was not made by NewFake") {
		t.Errorf("got %v, want words about NewFake", err)
	}
}
