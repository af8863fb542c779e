package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"go.etcd.io/bbolt"
)

// checkFile walks all pages of a file before bbolt maps it for writing. bbolt trusts pages: one
// that is its own child overflows the stack, and one that claims too many pages keeps a writer busy
// until memory ends, and neither is a panic that could be caught. The time grows with the number
// of pages: a few bytes of each page are read, but not the vectors.
//
// bbolt opens the file for reading meanwhile, which keeps writers out. It takes nothing from a page
// but the sizes on the first two, which have checksums.
func checkFile(path string, o bbolt.Options) (err error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil // bbolt makes it
	}
	o.ReadOnly = true
	db, err := bbolt.Open(path, 0o600, &o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err = f.Stat(); err != nil {
		return err
	}
	w := walk{file: f, page: uint64(db.Info().PageSize)}
	return w.check(uint64(info.Size()))
}

// Pages begin with a header: their number (8 bytes), what they are (2), their elements (2) and how
// many pages behind belong to them (4). An element of a branch has the place of its key (4), the
// key's size (4) and a page (8); one of a leaf has flags (4), the place of its key (4) and the
// sizes of key and value (4 each). Places count from the element's own. Numbers are the machine's.
const (
	headerBytes  = 16
	elementBytes = 16

	isBranch   = 1
	isLeaf     = 2
	isFreelist = 16

	bucketFlag = 1 // of an element of a leaf

	deepest = 64 // a tree of 2^64 pages would not be as deep
)

var native = binary.NativeEndian

// walk is a walk through a file of bbolt.
type walk struct {
	file io.ReaderAt
	page uint64   // bytes of a page
	end  uint64   // the number of the first page behind those in use
	used []uint64 // a bit for each page that was met
}

func (w *walk) check(size uint64) error {
	root, freelist, err := w.meta()
	if err != nil {
		return err
	}
	if w.end < 2 || w.end > size/w.page {
		return fmt.Errorf("it has %d bytes, and %d pages of %d bytes in use", size, w.end, w.page)
	}
	w.used = make([]uint64, w.end/64+1)
	if err := w.node(root, 0, true); err != nil {
		return err
	}
	return w.free(freelist)
}

// meta returns the root of the tree of buckets and the list of free pages. The newer intact one of
// the first two pages has them.
func (w *walk) meta() (root, freelist uint64, err error) {
	var newest uint64
	for id := range uint64(2) {
		b, err := w.read(id*w.page+headerBytes, 64)
		if err != nil {
			return 0, 0, err
		}
		sum := fnv.New64a()
		sum.Write(b[:56])
		if tx := native.Uint64(b[48:]); native.Uint64(b[56:]) == sum.Sum64() && (w.end == 0 || tx > newest) {
			newest, root, freelist, w.end = tx, native.Uint64(b[16:]), native.Uint64(b[32:]), native.Uint64(b[40:])
		}
	}
	return root, freelist, nil
}

// node checks a page of a tree and those below it. In the tree at the top, values are buckets; in a
// bucket of ours, none is.
func (w *walk) node(id uint64, depth int, top bool) error {
	p, err := w.open(id)
	if err != nil {
		return err
	}
	if depth == deepest {
		return fmt.Errorf("page %d is too deep in a tree", id)
	}
	switch p.flags {
	case isBranch:
		if p.count == 0 {
			return fmt.Errorf("page %d leads nowhere", id)
		}
		for at := uint64(headerBytes); at < headerBytes+p.count*elementBytes; at += elementBytes {
			e := p.first[at:]
			if err := p.holds(at, native.Uint32(e), native.Uint32(e[4:]), 0); err != nil {
				return err
			}
			if err := w.node(native.Uint64(e[8:]), depth+1, top); err != nil {
				return err
			}
		}
		return nil
	case isLeaf:
		return w.leaf(p, top)
	}
	return fmt.Errorf("page %d is of the kind %#x in a tree", id, p.flags)
}

// leaf checks the elements of a leaf, and the buckets in one at the top.
func (w *walk) leaf(p page, top bool) error {
	for at := uint64(headerBytes); at < headerBytes+p.count*elementBytes; at += elementBytes {
		e := p.first[at:]
		flags, place, key, value := native.Uint32(e), native.Uint32(e[4:]), native.Uint32(e[8:]), native.Uint32(e[12:])
		if err := p.holds(at, place, key, value); err != nil {
			return err
		}
		if (flags&bucketFlag != 0) != top {
			return fmt.Errorf("page %d mixes buckets and values", p.id)
		}
		if !top {
			continue
		}
		b, err := w.read(p.id*w.page+at+uint64(place)+uint64(key), uint64(value))
		if err != nil {
			return err
		}
		if err := w.bucket(p.id, b); err != nil {
			return err
		}
	}
	return nil
}

// bucket checks a bucket: its value is the page of its tree (8 bytes), a counter (8) and, if there
// is no such page, a leaf.
func (w *walk) bucket(id uint64, b []byte) error {
	if len(b) < 16 {
		return fmt.Errorf("page %d has a bucket of %d bytes", id, len(b))
	}
	if root := native.Uint64(b); root != 0 {
		return w.node(root, 0, false)
	}
	if b = b[16:]; len(b) < headerBytes || native.Uint16(b[8:]) != isLeaf {
		return fmt.Errorf("page %d has a bucket without a page", id)
	}
	p := page{id: id, count: uint64(native.Uint16(b[10:])), size: uint64(len(b)), first: b}
	if headerBytes+p.count*elementBytes > p.size {
		return fmt.Errorf("page %d has a bucket with too many elements", id)
	}
	return w.leaf(p, false)
}

// free checks the list of free pages: 8 bytes each. If they are more than the header can count, the
// first 8 bytes do.
func (w *walk) free(id uint64) error {
	p, err := w.open(id)
	if err != nil {
		return err
	}
	if p.flags != isFreelist {
		return fmt.Errorf("page %d is of the kind %#x, not the list of free pages", id, p.flags)
	}
	at, n := uint64(headerBytes), p.count
	if n == 0xffff {
		at, n = at+8, native.Uint64(p.first[at:])
	}
	if n > (p.size-at)/8 {
		return fmt.Errorf("page %d has no room for %d free pages", id, n)
	}
	ids, err := w.read(p.id*w.page+at, n*8)
	if err != nil {
		return err
	}
	for ; len(ids) > 0; ids = ids[8:] {
		if err := w.claim(native.Uint64(ids), 1); err != nil {
			return err
		}
	}
	return nil
}

// page is a page and those that belong to it.
type page struct {
	id, count, size uint64
	flags           uint16
	first           []byte // header and elements, at least
}

// holds reports an element at a place in the page whose key or value is not inside.
func (p page) holds(at uint64, place, key, value uint32) error {
	if at+uint64(place)+uint64(key)+uint64(value) > p.size {
		return fmt.Errorf("page %d has an element that ends behind it", p.id)
	}
	return nil
}

// open reads a page and claims it.
func (w *walk) open(id uint64) (p page, err error) {
	if err := w.claim(id, 1); err != nil {
		return p, err
	}
	if p.first, err = w.read(id*w.page, w.page); err != nil {
		return p, err
	}
	if self := native.Uint64(p.first); self != id {
		return p, fmt.Errorf("page %d says that it is page %d", id, self)
	}
	more := uint64(native.Uint32(p.first[12:]))
	if err := w.claim(id+1, more); err != nil {
		return p, err
	}
	p.id, p.flags, p.count, p.size = id, native.Uint16(p.first[8:]), uint64(native.Uint16(p.first[10:])), (1+more)*w.page
	elements := headerBytes + p.count*elementBytes
	if p.flags == isFreelist || elements <= w.page {
		return p, nil
	}
	if elements > p.size {
		return p, fmt.Errorf("page %d has no room for %d elements", id, p.count)
	}
	p.first, err = w.read(id*w.page, elements)
	return p, err
}

// claim marks n pages from id on as used. Two ways to one page are damage.
func (w *walk) claim(id, n uint64) error {
	if n > 0 && (id < 2 || id >= w.end || n > w.end-id) {
		return fmt.Errorf("page %d and %d behind it are not among the %d in use", id, n-1, w.end)
	}
	for ; n > 0; id, n = id+1, n-1 {
		if w.used[id/64]>>(id%64)&1 == 1 {
			return fmt.Errorf("two ways lead to page %d", id)
		}
		w.used[id/64] |= 1 << (id % 64)
	}
	return nil
}

func (w *walk) read(at, n uint64) ([]byte, error) {
	b := make([]byte, n)
	if _, err := w.file.ReadAt(b, int64(at)); err != nil {
		return nil, fmt.Errorf("at byte %d: %w", at, err)
	}
	return b, nil
}
