package variant

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/internal/expect"
)

// What is stamped is read back, and a document without a stamp is not one without a variant.
func TestStamp(t *testing.T) {
	for variant, want := range map[string]string{
		"": "", `query="q: "`: "", `document="passage: ",query="q: "`: `document="passage: "`, "input_type": "input_type",
	} {
		m := embedding.Model{Variant: variant}
		stamp := Stamp(m)
		if stamp == "" {
			t.Errorf("%s: the stamp is empty, and some stores drop it", variant)
		}
		got, known := Of(map[string]any{collection.VariantKey: stamp})
		expect.Equal(t, variant+" is known", known, true)
		expect.Equal(t, variant, got, want)
		expect.Equal(t, variant+" differs from its own", Differ(m, got), "")
	}
	for _, metadata := range []map[string]any{nil, {collection.SpaceKey: "s"}, {collection.VariantKey: ""}, {collection.VariantKey: 7}} {
		if got, known := Of(metadata); known {
			t.Errorf("%v: got the variant %q, want none that is known", metadata, got)
		}
	}
}
