// Package upgrade gives tests the data that earlier versions wrote.
//
// Each test that reads such data also holds the code that wrote it, behind a flag:
//
//	go test ./adapters/chromem -run Upgrade -write-upgrade
package upgrade

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var write = flag.Bool("write-upgrade", false, "write the data that later versions must open, instead of reading it")

// Copy returns a copy of testdata/upgrade/name, a file or a folder. The folder testdata is the
// test's own or the nearest one above. With the flag -write-upgrade, make writes the data first.
func Copy(t *testing.T, name string, make func(path string)) string {
	t.Helper()
	name = filepath.FromSlash(name)
	root := find(t, filepath.Dir(name))
	committed := filepath.Join(root, name)
	if *write {
		if _, err := os.Lstat(committed); err == nil {
			t.Fatalf("%s is there: what a version wrote is never written again; choose the name of another version", committed)
		}
		make(committed)
	}
	into := filepath.Join(t.TempDir(), filepath.Base(name))
	info, err := os.Stat(committed)
	if err != nil {
		t.Fatalf("the data of an earlier version: %v", err)
	}
	if info.IsDir() {
		if err := os.CopyFS(into, os.DirFS(committed)); err != nil {
			t.Fatalf("copying %s: %v", committed, err)
		}
		return into
	}
	data, err := os.ReadFile(committed)
	if err == nil {
		err = os.WriteFile(into, data, 0o600)
	}
	if err != nil {
		t.Fatalf("copying %s: %v", committed, err)
	}
	return into
}

// find returns the nearest testdata/upgrade with a folder of the version.
func find(t *testing.T, version string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("the working directory: %v", err)
	}
	for {
		root := filepath.Join(dir, "testdata", "upgrade")
		if info, err := os.Stat(filepath.Join(root, version)); err == nil && info.IsDir() {
			return root
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatalf("no folder above the test holds testdata/upgrade/%s", version)
		}
		dir = up
	}
}

// Refused fails the test unless err refuses vectors of the first edition of static:base, which the
// data of v0 are: it names the reference that opens them and the way to the present edition.
func Refused(t *testing.T, err error, reference string) {
	t.Helper()
	if err == nil {
		t.Fatalf("vectors of another edition of static:base were taken for the present one's")
	}
	for _, part := range []string{"static/base-9680046a@", "open them as " + reference + ",", "providers/static/base1", "package migrate"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error lacks %q: %v", part, err)
		}
	}
}

// Flip changes one byte in the middle of a file, as a bad disk does.
func Flip(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		data[len(data)/2] ^= 0xff
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatalf("damaging %s: %v", path, err)
	}
}
