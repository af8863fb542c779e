package jobs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// A usual disk passes the probe, which leaves nothing.
func TestProbe(t *testing.T) {
	dir := t.TempDir()
	expect.NoError(t, probe(dir))
	left, err := os.ReadDir(dir)
	expect.NoError(t, err)
	expect.Equal(t, "files left", len(left), 0)
	if err := probe(filepath.Join(dir, "nothing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got the error %v for a folder that is not there, want fs.ErrNotExist", err)
	}
}

// A file that is there is not replaced, and no temporary one stays.
func TestPutNew(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a")
	expect.NoError(t, putNew(name, []byte("first")))
	if err := putNew(name, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got the error %v, want fs.ErrExist", err)
	}
	expect.Equal(t, "content", content(t, name), "first")
	left, err := os.ReadDir(dir)
	expect.NoError(t, err)
	expect.Equal(t, "files", len(left), 1)
}

// names visits each name of a large folder once, and nothing where there is no folder.
func TestNames(t *testing.T) {
	dir := t.TempDir()
	var want, got []string
	for i := range 2500 {
		want = append(want, texts(i))
		expect.NoError(t, os.WriteFile(filepath.Join(dir, texts(i)), nil, 0o600))
	}
	expect.NoError(t, names(dir, func(name string) { got = append(got, name) }))
	slices.Sort(want)
	slices.Sort(got)
	expect.Equal(t, "names", got, want)
	expect.NoError(t, names(filepath.Join(dir, "nothing"), func(name string) { t.Errorf("got the name %s, want none", name) }))
}

// The checksum is CRC-32C, whose value for these digits is known.
func TestChecksum(t *testing.T) {
	got, err := checksum(put(t, "a", "123456789"))
	expect.NoError(t, err)
	expect.Equal(t, "CRC-32C", got, "e3069283")
}
