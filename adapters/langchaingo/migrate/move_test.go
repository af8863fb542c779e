package migrate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"
	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestBadTextsAreNamed(t *testing.T) {
	from, to := old(40), &shelf{id: "new"}
	poison := func(text string) bool { return strings.HasSuffix(text, "7") }
	from.docs[12].PageContent = " "
	for i := 20; i < 30; i++ {
		from.docs[i].PageContent = "" // a whole block of them
	}
	bad := func(text string) bool { return poison(text) || strings.TrimSpace(text) == "" }
	f := embedtest.NewFake(embedtest.FakeOptions{Poison: poison})
	steps, _, err := drain(t.Context(), f, plan(t, from, to))
	expect.NoError(t, err)
	complete(t, from, to, f, bad)
	r := steps[len(steps)-1].Report
	if r.Rejected != 14 || r.Moved != 26 || len(r.Failed) != 14 || r.Failed[0].ID != "old-000007" || r.Failed[0].Reason == "" {
		t.Errorf("got %+v, want 14 rejected with reasons, the first old-000007, and 26 moved", r)
	}
	var yielded []migrate.Failed
	for _, s := range steps {
		yielded = append(yielded, s.Failed...)
	}
	expect.Equal(t, "failures that the steps name", yielded, r.Failed)
	if !strings.Contains(r.String(), "14 were rejected by the model or the new store and are not, the first of them old-000007") {
		t.Errorf("report: got %q, want 14 rejected documents and old-000007 as the first", r)
	}
}

// TestBlocksAreBounded: the number of documents and the bytes of their texts limit a block, but a
// single text may be larger.
func TestBlocksAreBounded(t *testing.T) {
	from, to := old(35), &shelf{id: "new"}
	for i := 10; i < 20; i++ {
		from.docs[i].PageContent += strings.Repeat(" word", 80_000) // 400 kB
	}
	from.docs[20].PageContent += strings.Repeat(" word", 300_000) // 1.5 MB
	var sizes []int
	to.write = func(n int) (int, error) { sizes = append(sizes, n); return n, nil }
	f := embedtest.NewFake(embedtest.FakeOptions{})
	report(t, f, plan(t, from, to))
	complete(t, from, to, f, nil)
	expect.Equal(t, "documents of the blocks", sizes, []int{10, 2, 2, 2, 2, 2, 1, 10, 4})
}

// TestZeroVectors: stores refuse them, or never find them.
func TestZeroVectors(t *testing.T) {
	from, to := old(15), &shelf{id: "new"}
	zeros := embedtest.NewFake(embedtest.FakeOptions{Script: func(embedtest.Call) embedtest.Reply {
		return embedtest.Reply{Edit: func(res *embedding.Response) { clear(res.Vectors[0]) }}
	}})
	m := zeros.Model()
	m.Normalized = false // or the guard refuses them
	f := embedding.Wrap(zeros, m, zeros.Embed)
	p := plan(t, from, to)
	p.Sample = -1
	r := report(t, f, p)
	if r.Moved != 13 || r.Rejected != 2 || r.Failed[0].ID != "old-000000" || !strings.Contains(r.Failed[0].Reason, "is zero") {
		t.Errorf("got %+v, want 13 moved, 2 rejected, the first old-000000 for its zero vector", r)
	}
}

// TestFailures: after an error nothing that was paid for is lost, and the next run goes on.
func TestFailures(t *testing.T) {
	down := &embedding.Error{Kind: embedding.Unavailable, Err: errors.New("down")}
	for name, reply := range map[string]embedtest.Reply{
		"the provider fails": {Err: down},
		"some of its texts": {Each: func(text string) error {
			if strings.HasSuffix(text, "5") {
				return down
			}
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := old(35), &shelf{id: "new"}
			f := embedtest.NewFake(embedtest.FakeOptions{Script: func(c embedtest.Call) embedtest.Reply {
				if c.Number == 3 {
					return reply
				}
				return embedtest.Reply{}
			}})
			p := plan(t, from, to)
			p.Sample = -1
			if _, _, err := drain(t.Context(), f, p); !errors.Is(err, embedding.Unavailable) || !strings.Contains(err.Error(), "embedding the document old-00002") {
				t.Fatalf("got %v, want Unavailable at the document old-00002", err)
			}
			if name == "some of its texts" && len(to.docs) != 29 {
				t.Errorf("%d documents are stored, 29 were paid for", len(to.docs))
			}
			report(t, f, p)
			complete(t, from, to, f, nil)
			for _, d := range from.docs {
				expect.Equal(t, d.ID+", times paid for", f.Billed(d.PageContent), 1)
			}
		})
	}
}

// TestCancel: what had been paid for when the caller leaves is written.
func TestCancel(t *testing.T) {
	from, to := old(35), &shelf{id: "new"}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := embedtest.NewFake(embedtest.FakeOptions{
		Model: embedding.Model{Limits: embedding.Limits{Texts: 1}},
		Script: func(c embedtest.Call) embedtest.Reply {
			if c.Number == 25 {
				cancel()
				return embedtest.Reply{}
			}
			return embedtest.Reply{}
		},
	})
	p := plan(t, from, to)
	p.Sample = -1
	if _, _, err := drain(ctx, f, p); !errors.Is(err, context.Canceled) {
		t.Fatalf("got the error %v, want context.Canceled", err)
	}
	paid := 0
	for _, d := range from.docs {
		paid += f.Billed(d.PageContent)
	}
	if paid != len(to.docs) || paid < 20 {
		t.Errorf("%d texts were paid for and %d are stored", paid, len(to.docs))
	}
	report(t, f, p)
	complete(t, from, to, f, nil)
	expect.Equal(t, "requests", f.Ledger().Requests, 35)
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

// TestPoison: a document that the store refuses costs nothing but itself. It is named, the run goes
// on, and nothing is paid for twice.
func TestPoison(t *testing.T) {
	from, to := old(1200), &shelf{id: "new"}
	poison := func(d schema.Document) bool {
		return slices.Contains([]string{"old-000003", "old-000700", "old-000701", "old-001199"}, fmt.Sprint(d.Metadata[migrate.SourceKey]))
	}
	to.bad = poison
	f := embedtest.NewFake(embedtest.FakeOptions{})
	p := plan(t, from, to)
	p.Block, p.Sample = 500, -1
	r := report(t, f, p)
	if r.Moved != 1196 || r.Rejected != 4 || r.Failed[1].ID != "old-000700" || !strings.Contains(r.Failed[1].Reason, "the store cannot write this") {
		t.Errorf("got %+v, want 1196 moved and 4 named", r)
	}
	for _, d := range from.docs {
		expect.Equal(t, "times that "+d.ID+" was paid for", f.Billed(d.PageContent), 1)
	}
}

// TestFullStore: a store that takes nothing more refuses no document, and the next run goes on.
func TestFullStore(t *testing.T) {
	from, to := old(33), &shelf{id: "new"}
	full := true
	to.bad = func(schema.Document) bool { return full && len(to.docs) >= 20 }
	f := embedtest.NewFake(embedtest.FakeOptions{})
	p := plan(t, from, to)
	for _, block := range []int{10, 3} {
		p.Block = block
		_, _, err := drain(t.Context(), f, p)
		expect.Says(t, fmt.Sprintf("a block of %d", block), err, "the store cannot write this")
	}
	full = false
	r := report(t, f, p)
	if r.Moved != 33 || r.Rejected != 0 {
		t.Errorf("got %+v, want 33 moved and none rejected", r)
	}
}

// TestGuardRefuses: what the guard knows that the store cannot keep is not embedded.
func TestGuardRefuses(t *testing.T) {
	from, to := old(20), &knows{shelf{id: "new"}}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	p := plan(t, from, &to.shelf)
	p.Open = func(e embedding.Embedder) (vectorstores.VectorStore, error) {
		_, err := to.open(e)
		return to, err
	}
	r := report(t, f, p)
	if r.Moved != 19 || r.Rejected != 1 || r.Failed[0].ID != "old-000005" || f.Billed(from.docs[5].PageContent) != 0 {
		t.Errorf("got %+v, want 19 moved and old-000005 refused and not paid for", r)
	}
}

// knows is a shelf that says what it cannot keep, as the guard does.
type knows struct{ shelf }

func (*knows) Refused(_ context.Context, docs []schema.Document) (out []embedding.TextError) {
	for i, d := range docs {
		if d.Metadata[migrate.SourceKey] == "old-000005" {
			out = append(out, embedding.TextError{Index: i, Err: errors.New("no")})
		}
	}
	return out
}
