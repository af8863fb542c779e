package chromem_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tmc/langchaingo/vectorstores"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/adapters/langchaingo/collection"
	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestFolderReader(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	dir := t.TempDir()
	s := open(t, f, chromem.Options{Dir: dir, ID: byName})
	for i := range 30 {
		add(t, s, doc(fmt.Sprint("text ", i), map[string]any{"name": fmt.Sprint(i), "n": int64(i), "list": []string{"a"}}))
	}
	r := chromem.Folder(dir, "")
	d, err := r.Describe(t.Context())
	if err != nil || d.Documents != 30 || !slices.Equal(d.Dimensions, []int{8}) || d.ID == "" {
		t.Fatalf("got %+v, %v, want 30 documents of 8 dimensions and an ID", d, err)
	}
	var all []collection.Document
	for d, err := range r.Documents(t.Context(), "") {
		if err != nil || d.PageContent != "text "+d.ID || fmt.Sprint(d.Metadata["n"]) != d.ID || d.Metadata["n"] == nil || len(d.Metadata) != 3 {
			t.Fatalf("got %+v, %v, want the stored text and metadata", d, err)
		}
		all = append(all, d)
	}
	for i, from := range all {
		var rest []string
		for d, err := range r.Documents(t.Context(), from.Position) {
			expect.NoError(t, err)
			rest = append(rest, d.ID)
		}
		var want []string
		for _, d := range all[i+1:] {
			want = append(want, d.ID)
		}
		if !slices.Equal(rest, want) {
			t.Fatalf("after %d: %v, want %v", i, rest, want)
		}
	}
	expect.Equal(t, "documents", len(all), 30)
	if d, err := chromem.Folder(dir, "other").Describe(t.Context()); err != nil || d.Documents != 0 {
		t.Errorf("another collection: %+v, %v", d, err)
	}
	if d, err := chromem.Folder(filepath.Join(dir, "none"), "").Describe(t.Context()); err != nil || d.ID != "" {
		t.Errorf("no folder: %+v, %v", d, err)
	}
	flip(t, documents(t, dir)[3], 99)
	last := error(nil)
	for _, err := range r.Documents(t.Context(), "") {
		last = err
	}
	expect.Says(t, "the error", last, documents(t, dir)[3]+" is corrupt")
}

// TestMigrate moves a folder to another model, through a failure of the provider.
func TestMigrate(t *testing.T) {
	before, after := filepath.Join(t.TempDir(), "before"), filepath.Join(t.TempDir(), "after")
	model := func(id string, dims int, script func(embedtest.Call) embedtest.Reply) *embedtest.Fake {
		return embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: id, Dimensions: dims}, Script: script})
	}
	s := open(t, model("old", 8, nil), chromem.Options{Dir: before})
	for i := range 50 {
		add(t, s, doc(fmt.Sprint("text ", i), map[string]any{"n": i}))
	}
	down := true
	e := model("new", 16, func(c embedtest.Call) embedtest.Reply {
		if c.Number == 3 && down {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Exhausted, Err: errors.New("no money")}}
		}
		return embedtest.Reply{}
	})
	p := migrate.Plan{
		From: chromem.Folder(before, ""), To: chromem.Folder(after, ""), Journal: after + ".journal", Block: 10,
		Open: func(e embedding.Embedder) (vectorstores.VectorStore, error) {
			return chromem.New(e, chromem.Options{Dir: after})
		},
	}
	var last error
	for _, err := range migrate.Run(t.Context(), e, p) {
		last = err
	}
	if !errors.Is(last, embedding.Exhausted) {
		t.Fatalf("got the error %v, want %v", last, embedding.Exhausted)
	}
	down = false
	var r *migrate.Report
	for step, err := range migrate.Run(t.Context(), e, p) {
		expect.NoError(t, err)
		r = step.Report
	}
	if r == nil || r.Moved != 50 || r.Searched != 20 {
		t.Fatalf("got %+v, want 50 moved and 20 searched", r)
	}
	moved := open(t, e, chromem.Options{Dir: after})
	expect.Equal(t, "documents", moved.Count(), 50)
	p.To, p.Journal = p.From, p.Journal+"2"
	for _, err := range migrate.Run(t.Context(), e, p) {
		expect.Says(t, "onto itself", err, "are one")
	}
}

func TestDeletedWhileAllAreRead(t *testing.T) {
	s := open(t, embedtest.NewFake(embedtest.FakeOptions{}), chromem.Options{})
	ids := add(t, s, doc("a", nil), doc("b", nil))
	var read []string
	for id := range s.All() {
		read = append(read, id)
		expect.NoError(t, s.Delete(t.Context(), ids))
	}
	expect.Equal(t, "documents read", len(read), 1)
}
