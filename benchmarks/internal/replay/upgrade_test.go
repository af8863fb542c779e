package replay

import (
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/upgrade"
	"github.com/vecspace/embedding/providers/static"
	_ "github.com/vecspace/embedding/providers/static/base1"
)

// TestUpgrade reads a recording of an earlier version and goes on with it.
func TestUpgrade(t *testing.T) {
	e, err := static.New(static.Options{Model: "base1", Dimensions: 64})
	expect.NoError(t, err)
	texts := []string{"The cat sleeps on the sofa.", "Interest rates rose again."}
	path := upgrade.Copy(t, "v0/recording.rec", func(path string) {
		r := open(t, path, false)
		kept, err := r.Keep(e, "static:base?dimensions=64")
		expect.NoError(t, err)
		embed(t, kept, embedding.TaskDocument, texts...)
		expect.NoError(t, r.Note("speed", []int{1, 2}))
		expect.NoError(t, r.Close())
	})
	r := open(t, path, false)
	h, ok := r.Heading()
	expect.Equal(t, "a heading", ok, true)
	expect.Equal(t, "reference", h.Reference, "static:base?dimensions=64")
	expect.Equal(t, "dimensions", h.Dimensions, 64)
	var speed []int
	_, err = r.Noted("speed", &speed)
	expect.NoError(t, err)
	expect.Equal(t, "the note", speed, []int{1, 2})
	expect.Equal(t, "texts", r.Len(), 2)
	want, err := embedding.Documents(t.Context(), e, texts)
	expect.NoError(t, err)
	for i, text := range texts {
		a, ok := r.Lookup(embedding.TaskDocument, text)
		expect.Equal(t, "an answer for "+text, ok, true)
		expect.Equal(t, "cosine with what the model says is above 0.999", embedding.Cosine(a.Vector, want[i]) > 0.999, true)
	}
	now, err := static.New(static.Options{Dimensions: 64})
	expect.NoError(t, err)
	_, err = r.Keep(now, h.Reference)
	upgrade.Refused(t, err, "static:base1?dimensions=64")
	kept, err := r.Keep(e, h.Reference)
	expect.NoError(t, err)
	embed(t, kept, embedding.TaskDocument, "A third text.")
	expect.NoError(t, r.Close())
	expect.Equal(t, "texts after going on", open(t, path, true).Len(), 3)

	upgrade.Flip(t, path)
	_, err = Open(path, true)
	expect.Says(t, "opening a damaged recording", err, path)
}
