package chromem_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// TestDiskFailures: what could not be written is not in the store, and the next call stores it;
// what could not be removed is still there.
func TestDiskFailures(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	o := chromem.Options{Dir: t.TempDir(), ID: byName}
	s := open(t, f, o)
	one, two := doc("one", map[string]any{"name": "1"}), doc("two", map[string]any{"name": "2"})
	add(t, s, one)
	// A folder in a file's place fails for root too.
	folder := filepath.Dir(documents(t, o.Dir)[0])
	block := func(id string) func() {
		sum := sha256.Sum256([]byte(id))
		name := filepath.Join(folder, hex.EncodeToString(sum[:4])+".gob")
		expect.NoError(t, os.RemoveAll(name))
		expect.NoError(t, os.MkdirAll(filepath.Join(name, "full"), 0o700))
		return func() {
			expect.NoError(t, os.RemoveAll(name))
		}
	}
	free := block("2")
	ids, err := s.AddDocuments(t.Context(), []schema.Document{one, two})
	if err == nil || !strings.Contains(err.Error(), "document 1 (2)") || !slices.Equal(ids, []string{"1", ""}) || s.Count() != 1 {
		t.Errorf("a new document: %q, %v, %d documents", ids, err, s.Count())
	}
	if p, ok := errors.AsType[*embedding.PartialError](err); !ok || p.Response.Vectors[1] == nil || len(p.Failed) != 1 || p.Failed[0].Index != 1 {
		t.Errorf("a new document: got %v, want a PartialError with the vector that was paid for", err)
	}
	free()
	add(t, s, two)
	free = block("1")
	if err := s.Delete(t.Context(), []string{"2", "1"}); err == nil || !strings.Contains(err.Error(), "document 1") || s.Count() != 1 {
		t.Errorf("a deletion: %v, %d documents", err, s.Count())
	}
	one.PageContent = "changed"
	if _, err := s.AddDocuments(t.Context(), []schema.Document{one}); err == nil {
		t.Error("a changed document was written over a folder")
	}
	for id, d := range s.All() {
		if id != "1" || d.PageContent != "one" {
			t.Errorf("after a failed change: got %s %q, want what was there before", id, d.PageContent)
		}
	}
	free()
	add(t, s, one)
	s = open(t, f, o)
	for id, d := range s.All() {
		if id != "1" || d.PageContent != "changed" || s.Count() != 1 {
			t.Errorf("after a restart: %s %q", id, d.PageContent)
		}
	}
}

func TestFilesOfOneName(t *testing.T) {
	seen := map[[4]byte]string{}
	var one, two string
	for i := 0; one == ""; i++ {
		id := fmt.Sprint("document ", i)
		sum := sha256.Sum256([]byte(id))
		if other, ok := seen[[4]byte(sum[:4])]; ok {
			one, two = other, id
		}
		seen[[4]byte(sum[:4])] = id
	}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	o := chromem.Options{Dir: t.TempDir(), ID: byName}
	s := open(t, f, o)
	add(t, s, doc("first", map[string]any{"name": one}), doc("second", map[string]any{"name": two}))
	s = open(t, f, o)
	var got []string
	for id, d := range s.All() {
		got = append(got, id+": "+d.PageContent)
	}
	slices.Sort(got)
	want := []string{one + ": first", two + ": second"}
	slices.Sort(want)
	expect.Equal(t, "after a restart", got, want)
	add(t, s, doc("first", map[string]any{"name": one}), doc("second", map[string]any{"name": two}))
	if f.Billed("first") != 1 || f.Billed("second") != 1 {
		t.Error("unchanged documents were paid for again")
	}
}
