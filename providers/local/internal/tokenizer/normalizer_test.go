package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// A damaged table of replacements leads nowhere outside of itself.
func FuzzCharsmap(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "unigram-xlmr.json"))
	expect.NoError(f, err)
	var model struct {
		Normalizer struct {
			Charsmap []byte `json:"precompiled_charsmap"`
		}
	}
	expect.NoError(f, json.Unmarshal(text, &model))
	f.Add(model.Normalizer.Charsmap, "e\u0301 ﬁ\u0301 ＡＢＣ")
	f.Add([]byte{4, 0, 0, 0, 255, 255, 255, 255, 'a', 0}, "a")
	f.Fuzz(func(_ *testing.T, raw []byte, text string) {
		if c, err := readCharsmap(raw); err == nil {
			c.normalize(text)
		}
	})
}
