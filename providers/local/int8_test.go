package local

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/race"
	"github.com/vecspace/embedding/providers/internal/vendortest"
	"github.com/vecspace/embedding/providers/local/internal/kernel"
)

func sets8() []*kernel.Set {
	if race.Enabled {
		return kernel.Sets8()[:1]
	}
	return kernel.Sets8()
}

// In int8 every model has vectors near those of float32, with every kernel nearly the same ones.
// They are not the same as in float32, and their Space says so.
func TestInt8(t *testing.T) {
	for name, m := range models {
		dir := written(t, m)
		whole := vendortest.Opened(t)(New(Options{Folder: dir}))
		want, err := embedding.Documents(t.Context(), whole, sentences)
		expect.NoError(t, err)
		var first [][]float32
		for _, set := range sets8() {
			t.Run(fmt.Sprintf("%s/%s", name, set.Name), func(t *testing.T) {
				e, err := load(Options{Folder: dir, Quantize: "int8"}, set)
				expect.NoError(t, err)
				space := string(whole.Model().Space)
				expect.Equal(t, "space", string(e.Model().Space), strings.Replace(space, "@", "+int8@", 1))
				got, err := embedding.Documents(t.Context(), e, sentences)
				expect.NoError(t, err)
				if first == nil {
					first = got
				}
				different := false
				for i := range got {
					if c := embedding.Cosine(got[i], want[i]); c < .99 {
						t.Errorf("text %d: the cosine with float32's vector is %v, want .99", i, c)
					}
					if c := embedding.Cosine(got[i], first[i]); c < .999 {
						t.Errorf("text %d: the cosine with the first kernel's vector is %v, want .999", i, c)
					}
					different = different || embedding.Cosine(got[i], want[i]) < .999999
				}
				if !different {
					t.Error("all vectors are float32's: nothing was computed in int8")
				}
			})
		}
	}
}

func TestLawsInt8(t *testing.T) {
	for _, name := range []string{"the usual", "odd widths", "roberta"} {
		e := vendortest.Opened(t)(New(Options{Folder: written(t, models[name]), Truncate: true, Threads: 3, Quantize: "int8"}))
		embedtest.Test(t, func(*testing.T) embedtest.Subject { return embedtest.Subject{Embedder: e} })
	}
}
