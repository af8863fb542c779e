package migrate_test

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
)

// TestUnsoundCopies: a report that lists problems comes with an error, so that the caller does not
// switch.
func TestUnsoundCopies(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(from, to *shelf)
		want  string
	}{
		"lost":     {func(_, to *shelf) { to.docs = to.docs[1:] }, "holds 34 documents and 35 were moved: the store has lost some"},
		"twice":    {func(_, to *shelf) { to.docs = append(to.docs, to.docs[0]) }, "holds 36 documents and 35 were moved: some are there twice"},
		"grown":    {func(from, _ *shelf) { from.docs = append([]shelved{from.docs[0]}, from.docs...) }, "the shelf old holds 36 documents and 35 were read"},
		"mixed":    {func(_, to *shelf) { to.docs[3].Metadata[store.Key] = "old/model@4" }, `of the space "old/model@4"`},
		"swapped":  {func(_, to *shelf) { to.docs[7] = to.docs[8] }, "as many documents as were moved and not the same"},
		"edited":   {func(_, to *shelf) { to.docs[7].PageContent += " " }, "texts were changed"},
		"cut":      {func(_, to *shelf) { to.docs[3].vector = to.docs[3].vector[:4] }, "vectors of [4 8] dimensions instead of 8"},
		"scramble": {func(_, to *shelf) { to.docs[0].vector, to.docs[1].vector = to.docs[20].vector, to.docs[20].vector }, "a search for its vector finds 10 documents and not this one"},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := old(35), &shelf{id: "new"}
			f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Dimensions: 8}})
			p := plan(t, from, to)
			to.after = func() {
				if len(to.docs) == 35 {
					c.spoil(from, to)
				}
			}
			steps, _, err := drain(t.Context(), f, p)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "do not switch") {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if r := steps[len(steps)-1].Report; r == nil || !strings.Contains(r.String(), "Do not switch:\n- ") {
				t.Errorf("got %v, want a report with \"Do not switch\"", r)
			}
		})
	}
}
