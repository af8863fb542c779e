package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/middleware/cache"
	"github.com/vecspace/embedding/middleware/cache/storetest"
)

func open(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	expect.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "vectors.db") }

// key and row of the n-th vector.
func key(n int) (k cache.Key) {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for i := 8; i < len(k); i += 8 {
		binary.LittleEndian.PutUint64(k[i:], rng.Uint64())
	}
	return k
}

func row(n, dimensions int) []float32 {
	v := make([]float32, dimensions)
	for i := range v {
		v[i] = float32(n + i)
	}
	return v
}

func block(from, n, dimensions int) (keys []cache.Key, rows [][]float32) {
	for i := from; i < from+n; i++ {
		keys, rows = append(keys, key(i)), append(rows, row(i, dimensions))
	}
	return keys, rows
}

func put(t testing.TB, s *Store, from, n, dimensions int) {
	t.Helper()
	keys, rows := block(from, n, dimensions)
	expect.NoError(t, s.Set(t.Context(), keys, rows))
}

// held counts how many of n vectors are there, and fails if one differs from the stored one.
func held(t testing.TB, s *Store, from, n, dimensions int) (found int) {
	t.Helper()
	keys, want := block(from, n, dimensions)
	got := make([][]float32, n)
	expect.NoError(t, s.Get(t.Context(), keys, got))
	for i := range got {
		if got[i] == nil {
			continue
		}
		found++
		if !slices.Equal(got[i], want[i]) {
			t.Fatalf("vector %d is another", from+i)
		}
	}
	return found
}

func TestStoreContract(t *testing.T) {
	storetest.Test(t, func(t *testing.T) cache.Store { return open(t, file(t), Options{}) })
}

func TestRestart(t *testing.T) {
	path := file(t)
	s := open(t, path, Options{})
	put(t, s, 0, 100, 64)
	expect.NoError(t, s.Close())
	if err := s.Set(t.Context(), []cache.Key{{}}, [][]float32{{1}}); !errors.Is(err, ErrClosed) {
		t.Errorf("Set after Close: %v", err)
	}
	if err := s.Get(t.Context(), []cache.Key{{}}, make([][]float32, 1)); err == nil {
		t.Error("Get after Close succeeds")
	}
	s = open(t, path, Options{})
	if n := held(t, s, 0, 100, 64); n != 100 || s.Stats().Vectors != 100 {
		t.Errorf("%d of 100 survive, %+v", n, s.Stats())
	}
}

func TestOneAtATime(t *testing.T) {
	path := file(t)
	open(t, path, Options{})
	began := time.Now()
	_, err := Open(path, Options{})
	if err == nil || !strings.Contains(err.Error(), path+" is open in another process") || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestTTL(t *testing.T) {
	path := file(t)
	s := open(t, path, Options{})
	put(t, s, 0, 10, 8)
	// As if they had been written two hours ago.
	expect.NoError(t, s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		for i := range 5 {
			k := key(i)
			v := slices.Clone(b.Get(k[:]))
			binary.LittleEndian.PutUint32(v, uint32(time.Now().Add(-2*time.Hour).Unix()))
			if err := b.Put(k[:], v); err != nil {
				return err
			}
		}
		return nil
	}))
	s.Close()
	for ttl, want := range map[time.Duration]int{time.Hour: 5, 3 * time.Hour: 10, 0: 10} {
		s := open(t, path, Options{TTL: ttl})
		expect.Equal(t, fmt.Sprintf("found with a TTL of %v", ttl), held(t, s, 0, 10, 8), want)
		s.Close()
	}
}

func TestSizeIsBounded(t *testing.T) {
	const limit = 16 << 20
	path := file(t)
	s := open(t, path, Options{MaxBytes: limit})
	const dims, each, n = 1024, 100, 12_000 // 50 MB
	for at := 0; at < n; at += each {
		put(t, s, at, each, dims)
	}
	info, err := os.Stat(path)
	expect.NoError(t, err)
	st, found := s.Stats(), held(t, s, 0, n, dims)
	if info.Size() > limit+64<<20 || st.Bytes > limit+limit/20 || st.File != info.Size() {
		t.Errorf("got %+v and a file of %d bytes, the limit is %d", st, info.Size(), limit)
	}
	if found != st.Vectors || found < limit/(4*dims)/3 || int64(found)+st.Pruned != n {
		t.Errorf("%d found, %+v", found, st)
	}
	if recent := held(t, s, n-500, 500, dims); recent < 250 {
		t.Errorf("of the last 500 only %d are left", recent)
	}
	t.Logf("%d vectors of %d dimensions in %d MiB, the file %d MiB", found, dims, st.Bytes>>20, info.Size()>>20)
}

func TestDamagedValueIsAMissAndRemoved(t *testing.T) {
	s := open(t, file(t), Options{})
	put(t, s, 0, 10, 8)
	expect.NoError(t, s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		one, two, three := key(1), key(2), key(3)
		return errors.Join(b.Put(one[:], b.Get(two[:])), b.Put(two[:], []byte{1}), b.Put(three[:], nil))
	}))
	expect.Equal(t, "found", held(t, s, 0, 10, 8), 7)
	put(t, s, 20, 1, 8) // comes after the removals
	if st := s.Stats(); st.Damaged != 3 || st.Vectors != 8 || st.Err != nil {
		t.Errorf("got %+v, want 3 damaged and 8 vectors", st)
	}
}

func TestDamagedFile(t *testing.T) {
	foreign := file(t)
	db, err := bbolt.Open(foreign, 0o600, nil)
	expect.NoError(t, err)
	expect.NoError(t, errors.Join(db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("accounts"))
		return err
	}), db.Close()))
	for name, damage := range map[string]func(t *testing.T, path string){
		"text":      func(t *testing.T, path string) { write(t, path, []byte(strings.Repeat("no vectors ", 10_000))) },
		"short":     func(t *testing.T, path string) { write(t, path, []byte("x")) },
		"foreign":   func(t *testing.T, path string) { write(t, path, read(t, foreign)) },
		"truncated": func(t *testing.T, path string) { write(t, path, read(t, path)[:3*os.Getpagesize()]) },
		"zeros":     func(t *testing.T, path string) { clearFrom(t, path, 2*os.Getpagesize()) },
		"noise": func(t *testing.T, path string) {
			b := read(t, path)
			rng := rand.New(rand.NewPCG(1, 2))
			for i := 2 * os.Getpagesize(); i < len(b); i++ {
				b[i] = byte(rng.Uint32())
			}
			write(t, path, b)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			s := open(t, path, Options{})
			put(t, s, 0, 2000, 64)
			s.Close()
			damage(t, path)
			s, err := Open(path, Options{})
			if err == nil {
				defer s.Close()
				keys, rows := block(0, 2000, 64)
				got := make([][]float32, len(keys))
				err = s.Get(t.Context(), keys, got)
				for i := range got {
					if got[i] != nil && !slices.Equal(got[i], rows[i]) {
						t.Errorf("vector %d is another", i)
					}
				}
				if err == nil && s.Stats().Err == nil && s.Stats().Damaged == 0 {
					t.Fatal("nobody noticed")
				}
			}
			if err != nil && !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
			t.Log(err)
		})
	}
}

// A file that is cut under an open Store must not end the process, which a fault in a mapped page
// does by itself.
func TestFileCutWhileOpen(t *testing.T) {
	path := file(t)
	s := open(t, path, Options{})
	put(t, s, 0, 2000, 64)
	if err := os.Truncate(path, 2*int64(os.Getpagesize())); err != nil {
		t.Skipf("SKIPPED: this system does not cut a file that is in use: %v", err)
	}
	keys, rows := block(0, 2000, 64)
	for range 2 {
		if err := s.Get(t.Context(), keys, make([][]float32, len(keys))); err == nil || !strings.Contains(err.Error(), path+" is damaged or not a file of this cache") {
			t.Errorf("Get: %v", err)
		}
	}
	expect.Says(t, "Set", s.Set(t.Context(), keys, rows), path)
	if s.Stats().Err == nil {
		t.Error("the stats do not tell")
	}
}

func TestOpenErrors(t *testing.T) {
	for name, open := range map[string]func() (*Store, error){
		"no folder":      func() (*Store, error) { return Open(filepath.Join(t.TempDir(), "none", "x"), Options{}) },
		"a folder":       func() (*Store, error) { return Open(t.TempDir(), Options{}) },
		"MaxBytes is 5:": func() (*Store, error) { return Open(file(t), Options{MaxBytes: 5}) },
		"TTL is -1ns":    func() (*Store, error) { return Open(file(t), Options{TTL: -1}) },
	} {
		_, err := open()
		if err == nil || strings.Contains(name, " is ") && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		t.Log(err)
	}
}

func read(t *testing.T, path string) []byte {
	b, err := os.ReadFile(path)
	expect.NoError(t, err)
	return b
}

func write(t *testing.T, path string, b []byte) {
	expect.NoError(t, os.WriteFile(path, b, 0o600))
}

func clearFrom(t *testing.T, path string, at int) {
	b := read(t, path)
	clear(b[at:])
	write(t, path, b)
}

// BenchmarkRead compares reading 10,000 vectors of 1,024 dimensions with copying the same values
// out of the same file by bbolt alone, in turns.
func BenchmarkRead(b *testing.B) {
	const n = 10_000
	s := open(b, file(b), Options{})
	for at := 0; at < n; at += 1000 {
		put(b, s, at, 1000, 1024)
	}
	keys, _ := block(0, n, 1)
	var ours, bare []time.Duration
	timed := func(to *[]time.Duration, do func()) {
		start := time.Now()
		do()
		*to = append(*to, time.Since(start))
	}
	for b.Loop() {
		timed(&ours, func() {
			rows := make([][]float32, n)
			if err := s.Get(b.Context(), keys, rows); err != nil || rows[n-1] == nil {
				b.Fatalf("got the error %v or a missing row, want all rows", err)
			}
		})
		timed(&bare, func() {
			values := make([][]byte, n)
			if err := s.db.View(func(tx *bbolt.Tx) error {
				bucket := tx.Bucket(bucket)
				for i := range keys {
					values[i] = slices.Clone(bucket.Get(keys[i][:]))
				}
				return nil
			}); err != nil || values[n-1] == nil {
				b.Fatalf("got the error %v or a missing value, want all values", err)
			}
		})
	}
	slices.Sort(ours)
	slices.Sort(bare)
	b.ReportMetric(float64(ours[len(ours)/2])/float64(bare[len(bare)/2]), "x-bare")
	b.ReportMetric(float64(bare[len(bare)/2].Microseconds())/n, "bare-us/vector")
	b.ReportMetric(0, "ns/op")
}
