package canary_test

import (
	"errors"
	"os"
	"testing"

	"github.com/vecspace/embedding/canary"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/upgrade"
	"github.com/vecspace/embedding/providers/static"
	_ "github.com/vecspace/embedding/providers/static/base1"
)

// TestUpgrade compares the present model with a reference that an earlier version recorded.
func TestUpgrade(t *testing.T) {
	e, err := static.New(static.Options{Model: "base1", Dimensions: 64})
	expect.NoError(t, err)
	own := []string{"Parse command line flags."}
	path := upgrade.Copy(t, "v0/canary.json", func(path string) {
		r, err := canary.Record(t.Context(), e, canary.Options{Texts: own})
		expect.NoError(t, err)
		expect.NoError(t, r.Save(path))
	})
	r, err := canary.Load(path)
	expect.NoError(t, err)
	expect.Equal(t, "dimensions", r.Dimensions, 64)
	expect.Equal(t, "the last text", r.Texts[len(r.Texts)-1], own[0])
	expect.NoError(t, canary.Check(t.Context(), e, r))

	now, err := static.New(static.Options{Dimensions: 64})
	expect.NoError(t, err)
	upgrade.Refused(t, canary.Check(t.Context(), now, r), "static:base1?dimensions=64")

	r.Documents[3], r.Documents[4] = r.Documents[4], r.Documents[3]
	if _, ok := errors.AsType[*canary.Drift](canary.Check(t.Context(), e, r)); !ok {
		t.Error("got no Drift from a reference with two vectors exchanged, want one")
	}
	expect.NoError(t, os.Truncate(path, 1000))
	_, err = canary.Load(path)
	expect.Says(t, "loading a reference cut short", err, "record it again")
}
