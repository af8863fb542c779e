package jobs

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/middleware/cache"
)

// wal is the write-ahead tier of one shard, a cache.Store. It appends each answer when it comes, to
// a file of its own, and reads the files of attempts that did not end. What a process that dies had
// in flight is all that the next attempt pays for again.
//
// A record is its length, the CRC-32C of what follows, and a kind: a vector with its key, or what
// an answer cost. A file may end within a record, which is where its process died.
type wal struct {
	mu     sync.Mutex
	file   *os.File
	size   int64
	failed error // a write that failed; the file may then end within a record
	rows   map[cache.Key]spot
	files  []*os.File
	before embedding.Usage // of earlier attempts
	had    int             // vectors of earlier attempts
	fail   func(error)
}

// spot is where a vector's value is.
type spot struct {
	file *os.File
	at   int64
	size int
}

// Kinds of records.
const (
	walVector = 'v'
	walUsage  = 'u'
	walPurge  = 'p'
)

const (
	walHead = 8       // length and checksum
	walMost = 1 << 24 // bytes of a record: a vector of 4 million dimensions
)

func walPrefix(shard int) string { return fmt.Sprintf("%06d.", shard) }

// openWAL opens the tier of a shard. It calls fail once with the error of a write.
func openWAL(dir string, shard int, fail func(error)) (w *wal, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	w = &wal{rows: map[cache.Key]spot{}, fail: fail}
	var old []string
	err = names(dir, func(name string) {
		if strings.HasPrefix(name, walPrefix(shard)) && strings.HasSuffix(name, ".wal") {
			old = append(old, name)
		}
	})
	slices.Sort(old) // a Purge is of what was written before it
	for _, name := range old {
		if err == nil {
			err = w.load(filepath.Join(dir, name))
		}
	}
	w.had = len(w.rows)
	if err == nil {
		name := fmt.Sprintf("%s%06d-%s.wal", walPrefix(shard), len(old), random())
		w.file, err = os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	w.files = append(w.files, w.file)
	return w, nil
}

// load reads the records of an earlier attempt.
func (w *wal) load(name string) error {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process has finished the shard
	}
	if err != nil {
		return err
	}
	w.files = append(w.files, f)
	_, err = readWAL(f, func(kind byte, at int64, body []byte) {
		switch kind {
		case walVector:
			if len(body) > len(cache.Key{}) {
				k := cache.Key(body[:len(cache.Key{})])
				w.rows[k] = spot{f, at + int64(len(k)), len(body) - len(k)}
			}
		case walPurge:
			w.forget(body)
		case walUsage:
			w.before = w.before.Add(parseUsage(body))
		}
	})
	return err
}

// readWAL calls visit with the records until the end or the first that is cut or damaged, and
// returns how many there were. at is where body begins in the file.
func readWAL(r io.Reader, visit func(kind byte, at int64, body []byte)) (n int, err error) {
	var head [walHead]byte
	var body bytes.Buffer
	for at := int64(0); ; n++ {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return n, ended(err)
		}
		size := binary.LittleEndian.Uint32(head[:])
		if size == 0 || size > walMost {
			return n, nil
		}
		body.Reset()
		if _, err := io.CopyN(&body, r, int64(size)); err != nil {
			return n, ended(err)
		}
		b := body.Bytes()
		if crc32.Checksum(b, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
			return n, nil
		}
		visit(b[0], at+walHead+1, b[1:])
		at += walHead + int64(size)
	}
}

// ended returns err unless it is the end of the input, within a record or not.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// record appends a record, which put has the body of.
func record(b []byte, kind byte, put func([]byte) []byte) []byte {
	from := len(b)
	b = put(append(b, 0, 0, 0, 0, 0, 0, 0, 0, kind))
	binary.LittleEndian.PutUint32(b[from:], uint32(len(b)-from-walHead))
	binary.LittleEndian.PutUint32(b[from+4:], crc32.Checksum(b[from+walHead:], castagnoli))
	return b
}

// append writes records. An error is reported once, and ends the attempt: going on would pay for
// what the next attempt could not find.
func (w *wal) append(b []byte) (at int64, err error) {
	if w.failed != nil {
		return 0, w.failed
	}
	at = w.size
	if _, err = w.file.Write(b); err != nil {
		w.failed = err
		w.fail(err)
		return 0, err
	}
	w.size += int64(len(b))
	return at, nil
}

// Get is of cache.Store.
func (w *wal) Get(ctx context.Context, keys []cache.Key, out [][]float32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var buf []byte
	for i, k := range keys {
		at, ok := w.rows[k]
		if !ok {
			continue
		}
		buf = append(buf[:0], make([]byte, at.size)...)
		if _, err := at.file.ReadAt(buf, at.at); err != nil {
			w.fail(err) // a miss would be paid for again
			return err
		}
		if row, err := cache.ParseValue(k, buf); err == nil {
			out[i] = row
		}
	}
	return nil
}

// Set is of cache.Store.
func (w *wal) Set(ctx context.Context, keys []cache.Key, rows [][]float32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var b []byte
	spots := make([]spot, len(keys))
	for i, k := range keys {
		from := len(b)
		b = record(b, walVector, func(b []byte) []byte { return cache.AppendValue(append(b, k[:]...), k, rows[i]) })
		body := from + walHead + 1 + len(k)
		spots[i] = spot{w.file, int64(body), len(b) - body}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	at, err := w.append(b)
	if err != nil {
		return err
	}
	for i, k := range keys {
		spots[i].at += at
		w.rows[k] = spots[i]
	}
	return nil
}

// Purge is of cache.Store.
func (w *wal) Purge(ctx context.Context, prefix []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.append(record(nil, walPurge, func(b []byte) []byte { return append(b, prefix...) })); err != nil {
		return err
	}
	w.forget(prefix)
	return nil
}

func (w *wal) forget(prefix []byte) {
	for k := range w.rows {
		if bytes.HasPrefix(k[:], prefix) {
			delete(w.rows, k)
		}
	}
}

// spend writes down what an answer cost.
func (w *wal) spend(u embedding.Usage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = w.append(record(nil, walUsage, func(b []byte) []byte { // fail has the error
		for _, n := range []int{u.Requests, u.Tokens, u.Unmetered} {
			b = binary.AppendUvarint(b, uint64(max(n, 0)))
		}
		return b
	}))
}

func parseUsage(b []byte) (u embedding.Usage) {
	for _, to := range []*int{&u.Requests, &u.Tokens, &u.Unmetered} {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > 1<<50 {
			return embedding.Usage{}
		}
		*to, b = int(n), b[size:]
	}
	return u
}

// close closes the files and keeps them for the next attempt.
func (w *wal) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = fmt.Errorf("the write-ahead file: %w", os.ErrClosed) // of an answer to a call that others share
		w.fail = func(error) {}
	}
	var err error
	for _, f := range w.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// sweep removes what attempts of a shard have left in a folder.
func sweep(dir string, shard int) error {
	var old []string
	err := names(dir, func(name string) {
		if strings.HasPrefix(name, walPrefix(shard)) {
			old = append(old, name)
		}
	})
	for _, name := range old {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, name)))
	}
	return err
}
