package migrate_test

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// TestTwoRuns: of two runs with one journal the first ends before it writes again.
func TestTwoRuns(t *testing.T) {
	from, to := old(35), &shelf{id: "new"}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	p := plan(t, from, to)
	n := 0
	var got error
	for _, err := range migrate.Run(t.Context(), f, p) {
		if n++; n == 1 {
			report(t, f, p)
		}
		got = err
	}
	if got == nil || !strings.Contains(got.Error(), "another run has begun with the journal") || n != 2 {
		t.Errorf("%d steps, %v", n, got)
	}
	complete(t, from, to, f, nil)
}

// Another instruction for queries changes no document, so the migration goes on.
func TestAnotherVariantOfQueries(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{}) // as a provider's documents, it knows nothing of queries
	asks := func(variant string) embedding.Embedder {
		m := f.Model()
		m.Variant = variant
		return embedding.Wrap(f, m, f.Embed)
	}
	from, to := old(25), &shelf{id: "new"}
	p := plan(t, from, to)
	half(t, asks(`document="d: ",query="q: "`), p)
	expect.Equal(t, "documents moved", report(t, asks(`document="d: ",query="better: "`), p).Moved, 25)
	for _, d := range to.docs {
		expect.Equal(t, "stamp of "+d.ID, d.Metadata[store.VariantKey], any(`document="d: "`))
	}
}

// A migration gives the documents of one model another prefix.
func TestAnotherVariantOfDocuments(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Variant: `document="d: "`}})
	from, to := old(25), &shelf{id: "new"}
	for _, d := range from.docs {
		d.Metadata[store.Key], d.Metadata[store.VariantKey] = string(f.Model().Space), "none"
	}
	expect.Equal(t, "documents moved", report(t, f, plan(t, from, to)).Moved, 25)
	for _, d := range to.docs {
		expect.Equal(t, "stamp of "+d.ID, d.Metadata[store.VariantKey], any(`document="d: "`))
	}
}
