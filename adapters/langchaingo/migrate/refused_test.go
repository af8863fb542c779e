package migrate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/adapters/langchaingo/store"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestRefusals(t *testing.T) {
	model := func(id string, dims int) *embedtest.Fake {
		return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: id, Dimensions: dims}})
	}
	variant := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "new", Variant: "passage: "}})
	e := model("new", 8)
	put := func(to *shelf, metadata map[string]any, dims int) {
		to.made = true
		to.docs = append(to.docs, shelved{collection.Document{ID: "x", Position: "x", Document: schema.Document{Metadata: metadata}}, make([]float32, dims)})
	}
	for name, c := range map[string]struct {
		prepare func(t *testing.T, p *migrate.Plan, to *shelf)
		e       embedding.Embedder
		want    string
	}{
		"one collection":     {func(_ *testing.T, p *migrate.Plan, to *shelf) { p.To = p.From }, e, "are one, the shelf old"},
		"a source not there": {func(_ *testing.T, p *migrate.Plan, to *shelf) { p.From = &shelf{id: "?"} }, e, "the source, the shelf ?, is not there"},
		"an empty source":    {func(_ *testing.T, p *migrate.Plan, to *shelf) { p.From = old(0) }, e, "holds no documents"},
		"another reader":     {func(_ *testing.T, p *migrate.Plan, to *shelf) { p.To = &shelf{id: "?"} }, e, "is not there although Open has opened it"},
		"no store": {func(_ *testing.T, p *migrate.Plan, to *shelf) {
			p.Open = func(embedding.Embedder) (vectorstores.VectorStore, error) { return nil, nil }
		}, e, "no store"},
		"a store that fails": {func(_ *testing.T, p *migrate.Plan, to *shelf) {
			p.Open = func(embedding.Embedder) (vectorstores.VectorStore, error) { return nil, errCrash }
		}, e, "opening the new collection: killed"},
		"no journal":          {func(_ *testing.T, p *migrate.Plan, to *shelf) { p.Journal = "" }, e, "Plan.Journal must be given"},
		"no source":           {func(_ *testing.T, p *migrate.Plan, to *shelf) { p.From = nil }, e, "Plan.From and Plan.To must be given"},
		"no Open":             {func(_ *testing.T, p *migrate.Plan, to *shelf) { p.Open = nil }, e, "Plan.Open must be given"},
		"unknown dimensions":  {nil, embedding.Chain(nameless{}), "call embedding.Probe first"},
		"documents unstamped": {func(_ *testing.T, p *migrate.Plan, to *shelf) { put(to, nil, 8) }, e, `says nothing of its space, and "fake/new@8" is to be written`},
		"of another space": {func(_ *testing.T, p *migrate.Plan, to *shelf) {
			put(to, map[string]any{store.Key: "old/model@8"}, 8)
		}, e, `of the space "old/model@8", and "fake/new@8"`},
		"of another migration": {func(_ *testing.T, p *migrate.Plan, to *shelf) {
			put(to, map[string]any{store.Key: "fake/new@8"}, 8)
		}, e, "was not put there by this migration"},
		"of another dimension":  {func(_ *testing.T, p *migrate.Plan, to *shelf) { put(to, nil, 4) }, e, "vectors of 4 dimensions"},
		"of this, journal lost": {func(t *testing.T, p *migrate.Plan, to *shelf) { half(t, e, *p); p.Journal += "2" }, e, "is new: use an empty collection, or the journal"},
		"another model":         {func(t *testing.T, p *migrate.Plan, to *shelf) { half(t, e, *p) }, model("other", 8), `begun with the space "fake/new@8" and the Embedder is of "fake/other@8"`},
		"another variant":       {func(t *testing.T, p *migrate.Plan, to *shelf) { half(t, e, *p) }, variant, `the variant ""`},
		"another source": {func(t *testing.T, p *migrate.Plan, to *shelf) {
			half(t, e, *p)
			other := old(35)
			other.id = "older"
			p.From = other
		}, e, "of another source: the shelf old, not the shelf older"},
		"another destination": {func(t *testing.T, p *migrate.Plan, to *shelf) {
			half(t, e, *p)
			other := &shelf{id: "newer"}
			p.To, p.Open = other, other.open
		}, e, "of another new collection: the shelf new, not the shelf newer"},
		"a destination emptied": {func(t *testing.T, p *migrate.Plan, to *shelf) { half(t, e, *p); to.docs = to.docs[:3] }, e, "holds 3 documents where the journal"},
		"one written to":        {func(t *testing.T, p *migrate.Plan, to *shelf) { half(t, e, *p); to.docs = append(to.docs, to.docs[0]) }, e, "holds 11 documents where the journal"},
		"one exchanged":         {func(t *testing.T, p *migrate.Plan, to *shelf) { half(t, e, *p); to.docs[1] = to.docs[0] }, e, "and not the same"},
		"a damaged journal": {func(t *testing.T, p *migrate.Plan, to *shelf) {
			half(t, e, *p)
			data, _ := os.ReadFile(p.Journal)
			os.WriteFile(p.Journal, data[:len(data)/2], 0o600)
		}, e, "is no journal, or is damaged"},
		"a journal of the future": {func(t *testing.T, p *migrate.Plan, to *shelf) {
			half(t, e, *p)
			data, _ := os.ReadFile(p.Journal)
			os.WriteFile(p.Journal, []byte(strings.Replace(string(data), `"format": 1`, `"format": 2`, 1)), 0o600)
		}, e, "is of format 2"},
		"a journal in no folder": {func(t *testing.T, p *migrate.Plan, to *shelf) {
			p.Journal = filepath.Join(t.TempDir(), "no", "journal")
		}, e, "the journal: "},
		"IDs that are not": {func(_ *testing.T, p *migrate.Plan, to *shelf) { s := old(3); s.docs[1].ID = s.docs[0].ID; p.From = s }, e, `two of the ID "old-000000"`},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := old(35), &shelf{id: "new"}
			p := plan(t, from, to)
			if c.prepare != nil {
				c.prepare(t, &p, to)
			}
			before, calls := len(to.docs), len(e.Calls())
			_, _, err := drain(t.Context(), c.e, p)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if len(to.docs) != before || len(e.Calls()) != calls {
				t.Errorf("something was embedded or written all the same")
			}
		})
	}
}

// half moves the first block of a plan.
func half(t *testing.T, e embedding.Embedder, p migrate.Plan) {
	t.Helper()
	for _, err := range migrate.Run(t.Context(), e, p) {
		expect.NoError(t, err)
		return
	}
}

type nameless struct{}

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

// TestUnsoundCopies: a report that lists problems comes with an error, so that nobody switches.
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

// TestAStoreThatDropsDocuments is noticed after the first block.
func TestAStoreThatDropsDocuments(t *testing.T) {
	to := &shelf{id: "new", write: func(int) (int, error) { return 0, nil }}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	_, _, err := drain(t.Context(), f, plan(t, old(35), to))
	if err == nil || !strings.Contains(err.Error(), "the document old-000000 was just written: a search for its vector finds 0 documents") || len(f.Calls()) != 1 {
		t.Errorf("%v, %d calls", err, len(f.Calls()))
	}
}
