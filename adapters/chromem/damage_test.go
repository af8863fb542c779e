package chromem_test

import (
	"bytes"
	"encoding/gob"
	"io/fs"
	"math"
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

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	expect.NoError(t, os.WriteFile(name, data, 0o600))
}
