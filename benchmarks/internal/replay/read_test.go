package replay

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// A file cut anywhere, as a crash leaves it, opens with the whole records and goes on from there.
func TestCutAnywhere(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.rec")
	r := open(t, whole, false)
	kept := keep(t, r, embedtest.NewFake(embedtest.FakeOptions{}))
	embed(t, kept, 0, "a")
	first := size(t, whole)
	embed(t, kept, 0, "b")
	r.Close()
	b, err := os.ReadFile(whole)
	expect.NoError(t, err)
	for cut := first; cut <= len(b); cut++ {
		path := filepath.Join(dir, fmt.Sprint(cut, ".rec"))
		expect.NoError(t, os.WriteFile(path, b[:cut], 0o600))
		r := open(t, path, false)
		want := 1
		if cut == len(b) {
			want = 2
		}
		if r.Len() != want {
			t.Fatalf("cut at %d of %d: %d texts", cut, len(b), r.Len())
		}
		embed(t, keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})), 0, "b", "c")
		r.Close()
		if r := open(t, path, true); r.Len() != 3 {
			t.Fatalf("cut at %d, then written on: %d texts", cut, r.Len())
		}
	}
	for cut := range first {
		path := filepath.Join(dir, "short.rec")
		expect.NoError(t, os.WriteFile(path, b[:cut], 0o600))
		if r, err := Open(path, false); err == nil && r.Len() != 0 {
			t.Fatalf("cut at %d: %d texts", cut, r.Len())
		} else if err == nil {
			r.Close()
		}
	}
}

// Every single flipped byte is noticed: no damaged vector is ever taken for an answer.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	embed(t, keep(t, r, embedtest.NewFake(embedtest.FakeOptions{})), 0, "a", "b")
	r.Close()
	b, err := os.ReadFile(path)
	expect.NoError(t, err)
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 0x10
		expect.NoError(t, os.WriteFile(path, bad, 0o600))
		r, err := Open(path, true)
		if err == nil && r.Len() == 2 {
			t.Fatalf("byte %d was changed and nobody noticed", i)
		}
	}
}

// A damaged length in the middle is damage: what stands behind it is not taken for the rest of a
// record that was cut, and cut off.
func TestDamagedLength(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.rec")
	r := open(t, path, false)
	kept := keep(t, r, embedtest.NewFake(embedtest.FakeOptions{}))
	embed(t, kept, 0, "a")
	at := size(t, path)
	embed(t, kept, 0, "b", "c")
	r.Close()
	b, err := os.ReadFile(path)
	expect.NoError(t, err)
	b[at+2] ^= 0x10
	expect.NoError(t, os.WriteFile(path, b, 0o600))
	if _, err := Open(path, false); err == nil || !strings.Contains(err.Error(), "damaged") || size(t, path) != len(b) {
		t.Errorf("error %v, %d of %d bytes left", err, size(t, path), len(b))
	}
}
