package migrate_test

import (
	"context"
	"errors"
	"fmt"
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

func TestRun(t *testing.T) {
	from, to := old(95), &shelf{id: "new"}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	p := plan(t, from, to)
	var seen []string
	for step, err := range migrate.Run(t.Context(), f, p) {
		expect.NoError(t, err)
		seen = append(seen, step.String())
		if r := step.Report; r != nil {
			want := "95 of 95 documents of the shelf old are in the shelf new, in the space fake/fake@8.\n5 of them were searched for and found."
			if !strings.HasPrefix(r.String(), want) || r.Spaces["old/model@4"] != 95 || r.Searched != 5 || r.Dimensions != 8 {
				t.Errorf("%+v\n%v", r, r)
			}
		}
	}
	if len(seen) != 11 || seen[0] != "10 of 95 documents read, 10 moved, 0 rejected" || seen[9] != "95 of 95 documents read, 95 moved, 0 rejected" {
		t.Errorf("got the steps %q, want 11 from 10 to 95 documents", seen)
	}
	complete(t, from, to, f, nil)
	again := 0
	for _, d := range from.docs {
		again += f.Billed(d.PageContent) - 1
	}
	expect.Equal(t, "texts of the sample paid for again", again, 5)
	// A finished migration that is run again only checks.
	if r := report(t, f, p); r.Moved != 95 || r.Usage.Requests != 1 {
		t.Errorf("got %+v, want 95 moved and 1 request", r)
	}
}

// TestKilled: a run that is killed at any point of any block goes on without writing or paying for
// what had been written.
func TestKilled(t *testing.T) {
	for name, keep := range map[string]func(n int) int{
		"between embedding and writing":      func(int) int { return 0 },
		"in the middle of a write":           func(n int) int { return n / 2 },
		"between writing and the checkpoint": func(n int) int { return n },
	} {
		for block := range 4 {
			t.Run(fmt.Sprintf("%s, block %d", name, block), func(t *testing.T) {
				from, to := old(35), &shelf{id: "new"}
				f := embedtest.NewFake(embedtest.FakeOptions{})
				p := plan(t, from, to)
				p.Sample = -1
				writes, lost := 0, 0
				to.write = func(n int) (int, error) {
					if writes++; writes == block+1 {
						lost = n - keep(n)
						return keep(n), errCrash
					}
					return n, nil
				}
				if _, killed, err := drain(t.Context(), f, p); !killed {
					t.Fatal("it was not killed", err)
				}
				p.Block = 7 // the blocks need not be the same
				expect.Equal(t, "moved", report(t, f, p).Moved, 35)
				complete(t, from, to, f, nil)
				paid := 0
				for _, d := range from.docs {
					paid += f.Billed(d.PageContent)
				}
				if paid != 35+lost {
					t.Errorf("%d texts were paid for, %d had been embedded and not written: want %d", paid, lost, 35+lost)
				}
			})
		}
	}
}

func TestLeavingTheLoop(t *testing.T) {
	from, to := old(35), &shelf{id: "new"}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	p := plan(t, from, to)
	for range migrate.Run(t.Context(), f, p) {
		break
	}
	expect.Equal(t, "documents after one block", len(to.docs), 10)
	report(t, f, p)
	complete(t, from, to, f, nil)
}

func (nameless) Model() embedding.Model { return embedding.Model{Provider: "p", ID: "m"} }
func (nameless) Embed(context.Context, embedding.Request) (embedding.Response, error) {
	return embedding.Response{}, errors.ErrUnsupported
}

func TestSequence(t *testing.T) {
	from, to := old(35), &shelf{id: "new"}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	seq := func(docs []shelved) collection.Reader {
		return migrate.Sequence("files", func(yield func(collection.Document, error) bool) {
			for _, d := range docs {
				if !yield(collection.Document{ID: d.ID, Document: d.Document.Document}, nil) {
					return
				}
			}
		})
	}
	p := plan(t, seq(from.docs), to)
	half(t, f, p)
	for name, docs := range map[string][]shelved{"shifted": from.docs[1:], "shorter": from.docs[:5], "none": nil} {
		p := p
		p.From = seq(docs)
		_, _, err := drain(t.Context(), f, p)
		expect.Says(t, name, err, "document 10 is no longer old-000009")
	}
	steps, _, err := drain(t.Context(), f, p)
	if err != nil || steps[0].String() != "20 documents read, 20 moved, 0 rejected" {
		t.Errorf("got %v, %v, want 20 documents moved without an error", steps, err)
	}
	complete(t, from, to, f, nil)

	broken := errors.New("broken")
	p = plan(t, migrate.Sequence("broken", func(yield func(collection.Document, error) bool) { yield(collection.Document{}, broken) }), &shelf{id: "new2"})
	p.Open = p.To.(*shelf).open
	if _, _, err := drain(t.Context(), f, p); !errors.Is(err, broken) {
		t.Errorf("got the error %v, want broken", err)
	}
}

func TestRefusals(t *testing.T) {
	model := func(id string, dims int) *embedtest.Fake {
		return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: id, Dimensions: dims}})
	}
	variant := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "new", Variant: "passage: "}})
	ported := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "new", Origin: "fake:8080"}})
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
		"a port in the space":   {func(t *testing.T, p *migrate.Plan, to *shelf) { half(t, e, *p) }, ported, "add space=fake/new@8 to the reference"},
		"of an older space":     {func(_ *testing.T, p *migrate.Plan, to *shelf) { put(to, map[string]any{store.Key: "fake/new@8"}, 8) }, ported, "add space=fake/new@8 to the reference"},
		"another variant":       {func(t *testing.T, p *migrate.Plan, to *shelf) { half(t, e, *p) }, variant, "documents were embedded without a prefix or another variant and the embedder would embed them with"},
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
