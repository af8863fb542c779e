package jobs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/middleware/cache/storetest"
)

// openTier opens the tier of a shard for the length of a test.
func openTier(t *testing.T, dir string) *wal {
	t.Helper()
	w, err := openWAL(dir, 3, func(err error) { t.Errorf("got the error %v from a write, want none", err) })
	expect.NoError(t, err)
	t.Cleanup(func() { expect.NoError(t, w.close()) })
	return w
}

// The tier keeps the laws of a Store.
func TestWAL(t *testing.T) {
	storetest.Test(t, func(t *testing.T) cache.Store { return openTier(t, t.TempDir()) })
}

// fill writes two vectors and a cost in two calls, and returns the file.
func fill(t *testing.T, dir string) string {
	t.Helper()
	w := openTier(t, dir)
	for i := range byte(2) {
		expect.NoError(t, w.Set(t.Context(), []cache.Key{{i}}, [][]float32{{float32(i), 1}}))
		w.spend(embedding.Usage{Requests: 1, Tokens: 10 + int(i), Unmetered: int(i)})
	}
	return w.file.Name()
}

// get returns which of the vectors of fill a tier has.
func get(t *testing.T, w *wal) (have []bool) {
	t.Helper()
	rows := make([][]float32, 2)
	expect.NoError(t, w.Get(t.Context(), []cache.Key{{0}, {1}}, rows))
	for i, row := range rows {
		if row != nil {
			expect.Equal(t, "vector", row, []float32{float32(i), 1})
		}
		have = append(have, row != nil)
	}
	return have
}

// What an attempt wrote is there for the next, and for no other shard.
func TestWALNextAttempt(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir)
	w := openTier(t, dir)
	expect.Equal(t, "vectors", get(t, w), []bool{true, true})
	expect.Equal(t, "what was spent", w.before, embedding.Usage{Requests: 2, Tokens: 21, Unmetered: 1})
	expect.NoError(t, w.Purge(t.Context(), []byte{1}))
	expect.Equal(t, "vectors after a purge", get(t, openTier(t, dir)), []bool{true, false})
	other, err := openWAL(dir, 30, nil)
	expect.NoError(t, err)
	expect.Equal(t, "vectors of another shard", get(t, other), []bool{false, false})
	expect.NoError(t, other.close())
	expect.NoError(t, sweep(dir, 3))
	left, err := os.ReadDir(dir)
	expect.NoError(t, err)
	expect.Equal(t, "files of other shards", len(left), 1)
}

// A file that ends anywhere, or has a changed bit, gives what comes before, and never another
// vector.
func TestWALDamage(t *testing.T) {
	whole, err := os.ReadFile(fill(t, t.TempDir()))
	expect.NoError(t, err)
	for n := range whole {
		for _, cut := range []bool{true, false} {
			data := bytes.Clone(whole[:n])
			if !cut {
				data = bytes.Clone(whole)
				data[n] ^= 4
			}
			dir := t.TempDir()
			expect.NoError(t, os.WriteFile(filepath.Join(dir, "000003.a.wal"), data, 0o600))
			// Each vector takes 65 bytes, and each cost 12.
			expect.Equal(t, fmt.Sprintf("vectors if byte %d is gone (cut: %t)", n, cut), get(t, openTier(t, dir)), []bool{n >= 65, n >= 65+12+65})
		}
	}
}

// A write that fails ends the attempt once, and what follows fails too.
func TestWALFullDisk(t *testing.T) {
	var failures []error
	w, err := openWAL(t.TempDir(), 3, func(err error) { failures = append(failures, err) })
	expect.NoError(t, err)
	expect.NoError(t, w.file.Close()) // writes fail from here on
	for range 2 {
		if err := w.Set(t.Context(), []cache.Key{{}}, [][]float32{{1}}); err == nil {
			t.Error("got no error from a write that failed, want one")
		}
	}
	w.spend(embedding.Usage{Tokens: 1})
	expect.Equal(t, "reports", len(failures), 1)
	_ = w.close() // its file is closed
}

func FuzzWAL(f *testing.F) {
	usage := record(nil, walUsage, func(b []byte) []byte { return append(b, 1, 2, 3) })
	f.Add(usage)
	f.Add(record(usage, walVector, func(b []byte) []byte { return append(b, make([]byte, 60)...) }))
	f.Add(record(nil, walPurge, func(b []byte) []byte { return b }))
	f.Add([]byte{255, 255, 255, 0, 1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, data []byte) {
		var again []byte
		n, err := readWAL(bytes.NewReader(data), func(kind byte, at int64, body []byte) {
			if !bytes.Equal(data[at:at+int64(len(body))], body) {
				t.Errorf("a body is not where it is said to be, at %d", at)
			}
			again = record(again, kind, func(b []byte) []byte { return append(b, body...) })
			parseUsage(body)
		})
		expect.NoError(t, err)
		if !bytes.HasPrefix(data, again) {
			t.Errorf("got %d records that are not what the file begins with", n)
		}
	})
}
