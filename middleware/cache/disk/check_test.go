package disk

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// layout is a file with the first bytes of its pages by what they are.
type layout struct {
	b                 []byte
	size              int // of a page
	branch, leaf, top int
	freelist          int
}

func layOut(t *testing.T, path string) layout {
	l := layout{b: read(t, path), size: os.Getpagesize()}
	w := walk{file: strings.NewReader(string(l.b)), page: uint64(l.size)}
	root, freelist, err := w.meta()
	expect.NoError(t, err)
	l.top, l.freelist = int(root)*l.size, int(freelist)*l.size
	free := map[uint64]bool{}
	for at := l.freelist + 16; at < l.freelist+16+8*int(native.Uint16(l.b[l.freelist+10:])); at += 8 {
		free[native.Uint64(l.b[at:])] = true
	}
	for at := 2 * l.size; at < int(w.end)*l.size; at += (1 + int(native.Uint32(l.b[at+12:]))) * l.size {
		switch id := uint64(at / l.size); {
		case free[id] || native.Uint64(l.b[at:]) != id || at == l.top:
		case native.Uint16(l.b[at+8:]) == isBranch:
			l.branch = at
		case native.Uint16(l.b[at+8:]) == isLeaf:
			l.leaf = at
		}
	}
	if l.branch == 0 || l.leaf == 0 {
		t.Fatalf("the file has no branch or no leaf: %+v", l)
	}
	return l
}

// TestDamagedPages: what bbolt would follow for ever, or into the end of the process, is an error
// of Open that names the file. The file is free again afterwards.
func TestDamagedPages(t *testing.T) {
	self := func(l layout, at int) { // makes a page a branch whose only child is itself
		native.PutUint16(l.b[at+8:], isBranch)
		native.PutUint16(l.b[at+10:], 1)
		native.PutUint32(l.b[at+16:], 16)
		native.PutUint32(l.b[at+20:], 4)
		native.PutUint64(l.b[at+24:], uint64(at/l.size))
	}
	child := func(l layout, to int) {
		for i := range int(native.Uint16(l.b[l.branch+10:])) {
			native.PutUint64(l.b[l.branch+16+16*i+8:], uint64(to/l.size))
		}
	}
	for name, damage := range map[string]func(l layout){
		"a branch below itself":         func(l layout) { child(l, l.branch) },
		"a branch of one below itself":  func(l layout) { self(l, l.branch) },
		"a leaf that is a branch":       func(l layout) { self(l, l.leaf) },
		"a leaf above its branch":       func(l layout) { self(l, l.leaf); native.PutUint64(l.b[l.leaf+24:], uint64(l.branch/l.size)) },
		"one leaf twice":                func(l layout) { child(l, l.leaf) },
		"the top below itself":          func(l layout) { self(l, l.top) },
		"a branch of none":              func(l layout) { native.PutUint16(l.b[l.branch+10:], 0) },
		"a child among the first pages": func(l layout) { child(l, 0) },
		"a child behind the end":        func(l layout) { child(l, l.size<<30) },
		"a child that is a list":        func(l layout) { child(l, l.freelist) },
		"a leaf of 4 billion pages":     func(l layout) { native.PutUint32(l.b[l.leaf+12:], math.MaxUint32) },
		"a branch of a few pages more":  func(l layout) { native.PutUint32(l.b[l.branch+12:], 2) },
		"a list of 4 billion pages":     func(l layout) { native.PutUint32(l.b[l.freelist+12:], math.MaxUint32) },
		"a list that is a leaf":         func(l layout) { native.PutUint16(l.b[l.freelist+8:], isLeaf) },
		"a list that is nothing":        func(l layout) { native.PutUint16(l.b[l.freelist+8:], 0) },
		"a list with 65,534 pages":      func(l layout) { native.PutUint16(l.b[l.freelist+10:], 0xfffe) },
		"a list with 2^40 pages": func(l layout) {
			native.PutUint16(l.b[l.freelist+10:], 0xffff)
			native.PutUint64(l.b[l.freelist+16:], 1<<40)
		},
		"a list with 2^64 - 1 pages": func(l layout) {
			native.PutUint16(l.b[l.freelist+10:], 0xffff)
			native.PutUint64(l.b[l.freelist+16:], 1<<64-1)
		},
		"a leaf among the free pages":    func(l layout) { native.PutUint64(l.b[l.freelist+16:], uint64(l.leaf/l.size)) },
		"a free page behind the end":     func(l layout) { native.PutUint64(l.b[l.freelist+16:], 1<<50) },
		"a value of 4 GB":                func(l layout) { native.PutUint32(l.b[l.leaf+28:], math.MaxUint32) },
		"a key of 4 GB":                  func(l layout) { native.PutUint32(l.b[l.leaf+24:], math.MaxUint32) },
		"a key behind its page":          func(l layout) { native.PutUint32(l.b[l.branch+16:], 1<<20) },
		"a leaf with 65,535 elements":    func(l layout) { native.PutUint16(l.b[l.leaf+10:], 0xffff) },
		"a bucket among the vectors":     func(l layout) { native.PutUint32(l.b[l.leaf+16:], bucketFlag) },
		"a vector among the buckets":     func(l layout) { native.PutUint32(l.b[l.top+16:], 0) },
		"a bucket that is the top":       func(l layout) { bucketRoot(l, uint64(l.top/l.size)) },
		"a bucket inside of its element": func(l layout) { bucketRoot(l, 0) },
		"a bucket without bytes":         func(l layout) { native.PutUint32(l.b[l.top+28:], 0) },
		"a page of another number":       func(l layout) { native.PutUint64(l.b[l.leaf:], 1) },
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			s := open(t, path, Options{})
			put(t, s, 0, 2000, 64)
			put(t, s, 0, 10, 64) // frees pages
			s.Close()
			l := layOut(t, path)
			good := slices.Clone(l.b)
			damage(l)
			if slices.Equal(good, l.b) {
				t.Fatal("nothing is damaged")
			}
			write(t, path, l.b)
			for range 2 {
				_, err := Open(path, Options{})
				if err == nil || !strings.Contains(err.Error(), path+" is damaged or not a file of this cache") {
					t.Fatalf("got %v, want an error that names the file and what to do", err)
				}
			}
			write(t, path, good)
			s = open(t, path, Options{})
			expect.Equal(t, "vectors that are back", held(t, s, 0, 2000, 64), 2000)
		})
	}
}

func bucketRoot(l layout, root uint64) {
	at := l.top + 16 + int(native.Uint32(l.b[l.top+20:])) + int(native.Uint32(l.b[l.top+24:]))
	native.PutUint64(l.b[at:], root)
}

// TestFlippedBits: one wrong bit anywhere costs vectors or the file. It never gives a wrong vector,
// ends the process or hangs it.
func TestFlippedBits(t *testing.T) {
	path := file(t)
	s := open(t, path, Options{})
	put(t, s, 0, 500, 16)
	put(t, s, 0, 10, 16)
	s.Close()
	good := read(t, path)
	used := len(good)
	for used > 0 && good[used-1] == 0 {
		used--
	}
	refused, failed, rng := 0, 0, rand.New(rand.NewPCG(1137, 0))
	for range 600 {
		bad := slices.Clone(good)
		at := rng.IntN(used)
		if rng.IntN(3) > 0 { // structure is at the beginnings of pages
			at = at/os.Getpagesize()*os.Getpagesize() + rng.IntN(200)
		}
		bad[at] ^= 1 << rng.IntN(8)
		write(t, path, bad)
		s, err := Open(path, Options{})
		if err != nil {
			refused++
			if !strings.Contains(err.Error(), path) {
				t.Errorf("byte %d: the error does not name the file: %v", at, err)
			}
			continue
		}
		keys, want := block(0, 500, 16)
		got := make([][]float32, len(keys))
		errGet := s.Get(t.Context(), keys, got)
		for i := range got {
			if got[i] != nil && !slices.Equal(got[i], want[i]) {
				t.Errorf("byte %d: vector %d is another", at, i)
			}
		}
		keys, rows := block(400, 200, 16)
		errSet := s.Set(t.Context(), keys, rows)
		for _, err := range []error{errGet, errSet, s.Purge(t.Context(), nil)} {
			if err != nil {
				failed++
				if !strings.Contains(err.Error(), path) {
					t.Errorf("byte %d: the error does not name the file: %v", at, err)
				}
			}
		}
		_ = s.Close()
	}
	t.Logf("%d files were refused, %d calls failed", refused, failed)
}

// TestKeysOutOfOrder: bbolt finds such a key and cannot remove it. A purge must not try for ever,
// and a full file must not grow.
func TestKeysOutOfOrder(t *testing.T) {
	for name, use := range map[string]func(s *Store) error{
		"purge": func(s *Store) error { return s.Purge(t.Context(), nil) },
		"prune": func(s *Store) error {
			s.max = 1
			keys, rows := block(5000, 100, 64)
			for range 100 {
				if err := s.Set(t.Context(), keys, rows); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t)
			s := open(t, path, Options{})
			put(t, s, 0, 2000, 64)
			s.Close()
			l := layOut(t, path)
			l.b[l.leaf+16+int(native.Uint32(l.b[l.leaf+20:]))+7] ^= 0xff // the space of all keys is 0
			write(t, path, l.b)
			s = open(t, path, Options{})
			expect.Says(t, "the error", use(s), path+" is damaged or not a file of this cache")
			if err := s.Stats().Err; err == nil {
				t.Error("the stats do not tell")
			}
		})
	}
}

// BenchmarkOpen opens a file of 100,000 vectors of 1,024 dimensions, 430 MB.
func BenchmarkOpen(b *testing.B) {
	path := file(b)
	s := open(b, path, Options{})
	for at := 0; at < 100_000; at += 5000 {
		put(b, s, at, 5000, 1024)
	}
	s.Close()
	for b.Loop() {
		s := open(b, path, Options{})
		b.StopTimer()
		s.Close()
		b.StartTimer()
	}
}
