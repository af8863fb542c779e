package chromem_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	chromemgo "github.com/philippgille/chromem-go"
	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

func TestAnotherModelIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	f := embedtest.NewFake(embedtest.FakeOptions{})
	add(t, open(t, f, chromem.Options{Dir: dir}), doc("a", nil))
	other := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{ID: "other"}})
	longer := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Space: f.Model().Space, Dimensions: 16}})
	refused := func(e embedding.Embedder, want ...string) {
		t.Helper()
		_, err := chromem.New(e, chromem.Options{Dir: dir})
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("got %v, want %q", err, w)
			}
		}
	}
	refused(other, `"fake/fake@8"`, `"fake/other@8"`, "use another folder and index again")
	refused(longer, "have 8 dimensions", "have 16", "both are said to be")
	if s := open(t, f, chromem.Options{Dir: dir}); s.Count() != 1 {
		t.Errorf("%d documents after the refusals", s.Count())
	}
	// The Space is compared before anything is read.
	for _, name := range documents(t, dir) {
		write(t, name, nil)
	}
	refused(other, "cannot be compared")
	refused(f, "corrupt or half-written")
}

// documents returns the files of documents in an index.
func documents(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if filepath.Ext(name) == ".gob" && filepath.Base(name) != "00000000.gob" {
			out = append(out, name)
		}
		return err
	})
	expect.NoError(t, err)
	return out
}

func half(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	expect.NoError(t, err)
	write(t, name, data[:len(data)/2])
}

// edit changes a stored document as a fault of the disk, or another program, would.
func edit(t *testing.T, name string, change func(*chromemgo.Document)) {
	t.Helper()
	data, err := os.ReadFile(name)
	expect.NoError(t, err)
	var d chromemgo.Document
	expect.NoError(t, gob.NewDecoder(bytes.NewReader(data)).Decode(&d))
	change(&d)
	var out bytes.Buffer
	expect.NoError(t, gob.NewEncoder(&out).Encode(d))
	write(t, name, out.Bytes())
}

func TestDamagedFolders(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	sidecar := func(content string) func(*testing.T, string, []string) {
		return func(t *testing.T, dir string, _ []string) {
			write(t, filepath.Join(dir, "space.json"), []byte(content))
		}
	}
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string, docs []string)
		want   string
	}{
		"an empty document": {func(t *testing.T, _ string, docs []string) { write(t, docs[1], nil) }, "is corrupt or half-written: delete this file"},
		"several":           {func(t *testing.T, _ string, docs []string) { half(t, docs[0]); half(t, docs[2]) }, "2 files are corrupt or half-written"},
		"noise":             {func(t *testing.T, _ string, docs []string) { write(t, docs[1], []byte("noise")) }, "is corrupt or half-written: delete this file"},
		"the collection's own file": {func(t *testing.T, _ string, docs []string) {
			half(t, filepath.Join(filepath.Dir(docs[0]), "00000000.gob"))
		}, "which is one collection, and index it again"},
		"a vector of another length": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.Embedding = d.Embedding[1:] })
		}, "delete the folder and index again"},
		"a vector that is not a number": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.Embedding[3] = float32(math.NaN()) })
		}, "is corrupt or half-written: delete this file"},
		"a vector that is not of length 1": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.Embedding[3] += 2 })
		}, "is corrupt or half-written: delete this file"},
		"unknown metadata": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.Metadata["key"] = "?" })
		}, "is corrupt or half-written: delete this file"},
		"an ID twice": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.ID += "?" })
		}, "is corrupt or half-written"},
		"somebody else's document": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.Metadata = nil })
		}, "not stored by this package"},
		"a half-written sidecar":    {sidecar(`{"format":1,"spa`), "space.json is corrupt or half-written"},
		"an empty sidecar":          {sidecar(""), "space.json is corrupt or half-written"},
		"a sidecar without a space": {sidecar(`{"format":1,"dimensions":8}`), "space.json is corrupt or half-written"},
		"a sidecar of the future":   {sidecar(`{"format":2,"space":"fake/fake@8","dimensions":8}`), "is of format 2"},
		"no sidecar": {func(t *testing.T, dir string, _ []string) {
			expect.NoError(t, os.Remove(filepath.Join(dir, "space.json")))
		}, "holds an index without space.json"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "in[dex") // a bad pattern for filepath.Glob
			s := open(t, f, chromem.Options{Dir: dir})
			add(t, s, doc("a", nil), doc("b", nil), doc("c", nil))
			docs := documents(t, dir)
			if len(docs) != 3 {
				t.Fatal(docs)
			}
			c.damage(t, dir, docs)
			_, err := chromem.New(f, chromem.Options{Dir: dir})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Fatalf("got %v, want %q and the folder's name", err, c.want)
			}
		})
	}
}

// TestRepair: who does as the error says loses one document, which the next call adds again.
func TestRepair(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	o := chromem.Options{Dir: t.TempDir()}
	three := []schema.Document{doc("a", nil), doc("b", nil), doc("c", nil)}
	add(t, open(t, f, o), three...)
	bad := documents(t, o.Dir)[1]
	half(t, bad)
	if _, err := chromem.New(f, o); err == nil || !strings.Contains(err.Error(), bad) {
		t.Fatalf("the error does not name %s: %v", bad, err)
	}
	expect.NoError(t, os.Remove(bad))
	s := open(t, f, o)
	if s.Count() != 2 {
		t.Errorf("%d documents are left of 3", s.Count())
	}
	add(t, s, three...)
	if usage := f.Ledger(); s.Count() != 3 || usage.Requests != 2 || f.Billed("a")+f.Billed("b")+f.Billed("c") != 4 {
		t.Errorf("%d documents after the repair, %+v", s.Count(), usage)
	}
}

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
	for id := range s.All() {
		t.Errorf("%s is in memory and not on disk", id)
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

func TestDirThatIsAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	write(t, name, nil)
	if _, err := chromem.New(embedtest.NewFake(embedtest.FakeOptions{}), chromem.Options{Dir: name}); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("got %v", err)
	}
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	expect.NoError(t, os.WriteFile(name, data, 0o600))
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
	if !slices.Equal(got, want) {
		t.Errorf("after a restart: %q, want %q", got, want)
	}
	add(t, s, doc("first", map[string]any{"name": one}), doc("second", map[string]any{"name": two}))
	if f.Billed("first") != 1 || f.Billed("second") != 1 {
		t.Error("unchanged documents were paid for again")
	}
}
