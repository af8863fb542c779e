package replay

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/flock"
)

const magic = "VSREC1\n"

// Heading describes the model that answered.
type Heading struct {
	Reference  string
	Provider   string
	Model      string
	Endpoint   string `json:",omitempty"`
	Space      embedding.Space
	Variant    string `json:",omitempty"`
	Dimensions int
	Symmetric  bool
	Limits     embedding.Limits
	Price      embedding.Price
}

// Recording holds the answers of one embedder in memory and in a file. It is safe for concurrent
// use.
type Recording struct {
	path     string
	readOnly bool

	mu      sync.Mutex
	file    *os.File
	heading *Heading // nil until the first answer
	index   map[digest]int32
	entries []entry
	notes   map[string]json.RawMessage
	slab    []float32
	err     error // of a write; ends all writing
}

type digest [sha256.Size]byte

type entry struct {
	vector  []float32
	tokens  float32
	metered bool
	refused string
}

// Open reads a recording, or begins one if there is no file. A read-only recording must exist.
func Open(path string, readOnly bool) (*Recording, error) {
	r := &Recording{path: path, readOnly: readOnly, index: map[digest]int32{}, notes: map[string]json.RawMessage{}}
	mode := os.O_RDWR
	if readOnly {
		mode = os.O_RDONLY
	}
	f, err := os.OpenFile(path, mode, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !readOnly:
		return r, nil
	case err != nil:
		return nil, err
	}
	end, err := r.take(f)
	if readOnly || err != nil {
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		return r, nil
	}
	if err := f.Truncate(end); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.Seek(end, io.SeekStart); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.file = f
	return r, nil
}

// take reads the file and locks it unless it is read-only. It returns the offset at which to
// continue writing.
func (r *Recording) take(f *os.File) (end int64, err error) {
	if !r.readOnly {
		if taken, err := flock.Try(f); err != nil {
			return 0, err
		} else if taken {
			return 0, fmt.Errorf("%s: another run is recording to this file: wait for it, or use another directory", r.path)
		}
	}
	if end, err = r.read(f); err != nil {
		return 0, fmt.Errorf("%s: %w", r.path, err)
	}
	return end, nil
}

// Heading returns the heading. It returns false if nothing is recorded yet.
func (r *Recording) Heading() (Heading, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.heading == nil {
		return Heading{}, false
	}
	return *r.heading, true
}

// Len returns the number of recorded texts, including refused ones.
func (r *Recording) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.entries)
}

// Answer is what is recorded about one text.
type Answer struct {
	Vector  []float32 // read-only; nil if the provider refuses the text
	Tokens  float64   // the text's share of its request's tokens, in proportion to estimates
	Metered bool      // the provider counted the tokens; otherwise they are estimated
	Refused string    // why the provider refuses the text
}

// Lookup returns what is recorded about a text. It returns false if there is nothing.
func (r *Recording) Lookup(task embedding.Task, text string) (Answer, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.heading != nil && r.heading.Symmetric {
		task = 0
	}
	i, ok := r.index[sum(task, text)]
	if !ok {
		return Answer{}, false
	}
	e := r.entries[i]
	return Answer{Vector: e.vector, Tokens: float64(e.tokens), Metered: e.metered, Refused: e.refused}, true
}

// Note stores a value beside the answers, such as the speed measured for them. The last note with a
// name counts. It is an error if nothing is recorded yet.
func (r *Recording) Note(name string, value any) error {
	b, err := json.Marshal(value)
	if err != nil || name == "" || len(name) > math.MaxUint8 {
		return fmt.Errorf("replay: the note %q cannot be kept: %w", name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.heading == nil {
		return errors.New("replay: a note needs a recorded answer first")
	}
	r.notes[name] = b
	return r.write(frame(nil, 'n', []byte{byte(len(name))}, []byte(name), b))
}

// Noted decodes a note into value, a pointer. It returns false if there is no such note.
func (r *Recording) Noted(name string, value any) (bool, error) {
	r.mu.Lock()
	b, ok := r.notes[name]
	r.mu.Unlock()
	if !ok {
		return false, nil
	}
	return true, json.Unmarshal(b, value)
}

// Close syncs the file to disk. The Recording can still be read, but not written.
func (r *Recording) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.readOnly = true
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return errors.Join(f.Sync(), f.Close())
}

func sum(task embedding.Task, text string) digest {
	h := sha256.New()
	h.Write([]byte{byte(task)})
	io.WriteString(h, text)
	return digest(h.Sum(nil))
}

// add keeps an entry unless its text is known. It copies the vector.
func (r *Recording) add(d digest, e entry) bool {
	if _, known := r.index[d]; known {
		return false
	}
	if e.vector != nil {
		n := len(e.vector)
		if cap(r.slab)-len(r.slab) < n {
			r.slab = make([]float32, 0, max(n, 1<<18)) // a MiB
		}
		at := len(r.slab)
		r.slab = append(r.slab, e.vector...)
		e.vector = r.slab[at : at+n : at+n]
	}
	r.index[d] = int32(len(r.entries))
	r.entries = append(r.entries, e)
	return true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame appends a record to b.
func frame(b []byte, kind byte, parts ...[]byte) []byte {
	payload := bytes.Join(parts, nil)
	start := len(b)
	b = append(b, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, payload...)
	check := crc32.Update(crc32.Checksum(b[start:start+1], castagnoli), castagnoli, payload)
	return binary.LittleEndian.AppendUint32(b, check)
}

// write appends to the file, which it creates for the first answer. It writes nothing after an
// error, because nothing after half a record could be read.
func (r *Recording) write(b []byte) error {
	if r.err != nil {
		return r.err
	}
	if r.readOnly {
		return fmt.Errorf("replay: %s is closed or read-only", r.path)
	}
	if r.file == nil {
		f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			r.err = err
			return err
		}
		r.file = f
		if taken, err := flock.Try(f); taken || err != nil {
			r.err = errors.Join(fmt.Errorf("replay: another run is recording to %s", r.path), err)
			return r.err
		}
		h, err := json.Marshal(r.heading)
		if err != nil {
			r.err = err
			return err
		}
		b = append(frame([]byte(magic), 'h', h), b...)
	}
	if _, err := r.file.Write(b); err != nil {
		r.err = fmt.Errorf("replay: what was paid for cannot be recorded: %w", err)
	}
	return r.err
}
