package chromem_test

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	chromemgo "github.com/philippgille/chromem-go"
	"github.com/tmc/langchaingo/schema"

	"github.com/vecspace/embedding/adapters/chromem"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

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

// flip turns one bit of a file.
func flip(t *testing.T, name string, bit int) {
	t.Helper()
	data, err := os.ReadFile(name)
	expect.NoError(t, err)
	data[bit/8] ^= 1 << (bit % 8)
	write(t, name, data)
}

func extend(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	expect.NoError(t, err)
	write(t, name, append(data, "more"...))
}

// own is the file of a document's collection.
func own(document string) string { return filepath.Join(filepath.Dir(document), "00000000.gob") }

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
		"several":                   {func(t *testing.T, _ string, docs []string) { flip(t, docs[0], 50); flip(t, docs[2], 500) }, "2 files are corrupt"},
		"noise":                     {func(t *testing.T, _ string, docs []string) { write(t, docs[1], []byte("\x01noise")) }, "is corrupt: delete this file"},
		"more after the end":        {func(t *testing.T, _ string, docs []string) { extend(t, docs[1]) }, "is corrupt: delete this file"},
		"the collection's own file": {func(t *testing.T, _ string, docs []string) { flip(t, own(docs[0]), 50) }, "is corrupt: delete this file"},
		"another collection's own file": {func(t *testing.T, _ string, docs []string) {
			var b bytes.Buffer
			expect.NoError(t, gob.NewEncoder(&b).Encode(struct{ Name string }{"other"}))
			write(t, own(docs[0]), b.Bytes())
		}, "is corrupt: delete this file"},
		"a document under another name": {func(t *testing.T, _ string, docs []string) {
			expect.NoError(t, os.Rename(docs[0], filepath.Join(filepath.Dir(docs[0]), "01234567.gob")))
		}, "is corrupt: delete this file"},
		"a vector of another length": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.Embedding = d.Embedding[1:] })
		}, "is corrupt: delete this file"},
		"a vector that is not a number": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.Embedding[3] = float32(math.NaN()) })
		}, "is corrupt: delete this file"},
		"a vector that is not of length 1": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.Embedding[3] += 2 })
		}, "is corrupt: delete this file"},
		"unknown metadata": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.Metadata["key"] = "?" })
		}, "is corrupt: delete this file"},
		"an ID twice": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.ID += "?" })
		}, "is corrupt"},
		"somebody else's document": {func(t *testing.T, _ string, docs []string) {
			edit(t, docs[0], func(d *chromemgo.Document) { d.Metadata = nil })
		}, "not stored by this package"},
		"a half-written sidecar":          {sidecar(`{"format":1,"spa`), "space.json is corrupt or half-written"},
		"an empty sidecar":                {sidecar(""), "space.json is corrupt or half-written"},
		"a sidecar without a space":       {sidecar(`{"format":1,"dimensions":8}`), "space.json is corrupt or half-written"},
		"a sidecar of the future":         {sidecar(`{"format":3,"space":"fake/fake@8","dimensions":8}`), "is of format 3"},
		"a sidecar that lost its variant": {sidecar(`{"format":2,"space":"fake/fake@8","dimensions":8}`), "space.json is corrupt or half-written"},
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
				t.Fatalf("documents: got %q, want 3", docs)
			}
			c.damage(t, dir, docs)
			_, err := chromem.New(f, chromem.Options{Dir: dir})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Fatalf("got %v, want %q and the folder's name", err, c.want)
			}
		})
	}
}

// TestRepair: following the error's advice loses one document, which the next call adds again.
func TestRepair(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	o := chromem.Options{Dir: t.TempDir()}
	three := []schema.Document{doc("a", nil), doc("b", nil), doc("c", nil)}
	add(t, open(t, f, o), three...)
	bad := documents(t, o.Dir)[1]
	flip(t, bad, 99)
	if _, err := chromem.New(f, o); err == nil || !strings.Contains(err.Error(), bad) {
		t.Fatalf("the error does not name %s: %v", bad, err)
	}
	expect.NoError(t, os.Remove(bad))
	s := open(t, f, o)
	expect.Equal(t, "documents left", s.Count(), 2)
	add(t, s, three...)
	if usage := f.Ledger(); s.Count() != 3 || usage.Requests != 2 || f.Billed("a")+f.Billed("b")+f.Billed("c") != 4 {
		t.Errorf("%d documents after the repair, %+v", s.Count(), usage)
	}
}

// TestBitFlips turns bits at random, in files of every kind: a text, a vector or metadata that is
// not what was stored is never opened. Nor does a flip make a document vanish.
func TestBitFlips(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	o := chromem.Options{Dir: t.TempDir()}
	add(t, open(t, f, o), doc("a text", map[string]any{"k": "v", "n": int64(7)}), doc("b", nil))
	random := rand.New(rand.NewPCG(1, 2))
	docs := documents(t, o.Dir)
	files := append(docs, own(docs[0]), filepath.Join(o.Dir, "space.json"), filepath.Join(o.Dir, "lock"))
	want := content(t, open(t, f, o))
	refused := map[string]int{}
	for _, name := range files {
		sound, err := os.ReadFile(name)
		expect.NoError(t, err)
		for range 400 {
			bit := random.IntN(8 * len(sound))
			flip(t, name, bit)
			s, err := chromem.New(f, o)
			if err != nil {
				refused[filepath.Ext(name)]++
			} else if got := content(t, s); got != want {
				t.Errorf("bit %d of %s: got %q, want an error or %q", bit, name, got, want)
			}
			write(t, name, sound)
		}
	}
	if refused[".gob"] != 1200 || refused[".json"] < 300 || refused[""] != 0 {
		t.Errorf("refused by kind of file: %v, want all 1200 .gob, most .json and no lock", refused)
	}
}

// content is all that a store holds and says of one search.
func content(t *testing.T, s *chromem.Store) string {
	t.Helper()
	var all []any
	for id, d := range s.All() {
		all = append(all, id, d)
	}
	found, err := s.SimilaritySearch(t.Context(), "q", 9)
	expect.NoError(t, err)
	return fmt.Sprintf("%v %v", all, found)
}

// TestUnfinished: what a kill or a crash left unfinished, in files of this version and of earlier
// ones, is absent, and only that is embedded again.
func TestUnfinished(t *testing.T) {
	f := embedtest.NewFake(embedtest.FakeOptions{})
	three := []schema.Document{doc("a", nil), doc("b", map[string]any{"k": 1}), doc("c", nil)}
	paid := func() int { return f.Billed("a") + f.Billed("b") + f.Billed("c") }
	whole := t.TempDir()
	add(t, open(t, f, chromem.Options{Dir: whole}), three...)
	docs := documents(t, whole)
	data, err := os.ReadFile(docs[1])
	expect.NoError(t, err)
	old := data[:len(data)-12] // without the checksum
	check := func(what string, name string, data []byte, billed int) {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "copy")
		expect.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
		rel, err := filepath.Rel(whole, name)
		expect.NoError(t, err)
		name = filepath.Join(dir, rel)
		if data == nil {
			expect.NoError(t, os.Remove(name))
		} else {
			write(t, name, data)
		}
		before := paid()
		s, err := chromem.New(f, chromem.Options{Dir: dir})
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		read := 0
		for _, err := range chromem.Folder(dir, "").Documents(t.Context(), "") {
			expect.NoError(t, err)
			read++
		}
		expect.Equal(t, what+": documents", s.Count(), 3-billed)
		expect.Equal(t, what+": documents that a migration reads", read, 3-billed)
		add(t, s, three...)
		expect.Equal(t, what+": documents in the end", open(t, f, chromem.Options{Dir: dir}).Count(), 3)
		expect.Equal(t, what+": texts embedded", paid()-before, billed)
	}
	for n := range data {
		if n != len(old) {
			check(fmt.Sprintf("%d bytes", n), docs[1], data[:n], 1)
		}
	}
	check("the end of an earlier version's file", docs[1], old, 0)
	check("blocks that never came", docs[1], make([]byte, len(data)), 1)
	check("a collection's own file, gone", own(docs[0]), nil, 0)
	check("a collection's own file, empty", own(docs[0]), []byte{}, 0)
	check("a temporary file", filepath.Join(filepath.Dir(docs[0]), ".new-1"), data[:9], 0)
	check("somebody's notes", filepath.Join(filepath.Dir(docs[0]), "notes.txt"), []byte("mine"), 0)
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	expect.NoError(t, os.WriteFile(name, data, 0o600))
}
