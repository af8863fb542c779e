package jobs

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/rows"
)

// Part is the file part.json in the folder of a shard's results.
type Part struct {
	Shard    int `json:"shard"`
	First    int `json:"first"` // index of the first record
	Texts    int `json:"texts"` // records
	Vectors  int `json:"vectors"`
	Rejected int `json:"rejected"` // records without a vector
	Attempts int `json:"attempts"`
	// What the provider counted for the answers that were kept. With more than one attempt, a process
	// that died may have been billed for more.
	Requests  int `json:"requests"`
	Tokens    int `json:"tokens"`
	Unmetered int `json:"unmetered,omitempty"` // requests without a count of tokens
	// Files has the CRC-32C of each file beside this one, in hexadecimal.
	Files map[string]string `json:"files"`
	// Sum is the CRC-32C of the rest of this file, in hexadecimal.
	Sum string `json:"sum"`
}

// sum returns the Sum of the other fields.
func (p Part) sum() (string, error) {
	p.Sum = ""
	text, err := json.Marshal(p)
	return fmt.Sprintf("%08x", crc32.Checksum(text, castagnoli)), err
}

// Rejection is a line of rejected.jsonl: a record without a vector. It never has the text.
type Rejection struct {
	Index   int    `json:"index"` // in all inputs, from 0
	ID      string `json:"id,omitempty"`
	Input   string `json:"input"`
	Line    int    `json:"line"`
	Kind    string `json:"kind"`
	Code    string `json:"code,omitempty"` // the provider's
	Message string `json:"message"`
}

// Names of the files of a part.
const (
	partName     = "part.json"
	npyName      = "vectors.npy"
	jsonlName    = "vectors.jsonl"
	idsName      = "ids.txt"
	rejectedName = "rejected.jsonl"
)

// vectorsName returns the name of a file of vectors in a format of another module.
func vectorsName(format string) string { return "vectors." + format }

func partFolder(shard int) string { return fmt.Sprintf("part-%06d", shard) }

// shardOf returns the shard of a part's folder, or of a failed shard's file, or -1.
func shardOf(name string) int {
	n := -1
	digits, ok := strings.CutPrefix(strings.TrimSuffix(name, ".json"), "part-")
	if _, err := fmt.Sscanf(digits, "%d", &n); !ok || err != nil || n < 0 || fmt.Sprintf("%06d", n) != digits {
		return -1
	}
	return n
}

// partWriter writes the results of a shard to a folder that nobody else knows.
type partWriter struct {
	dir      string
	part     Part
	files    []*summing
	to       rows.Writer
	rejected []Rejection
}

func newPart(tmp string, m Manifest, formats Formats, s shard) (w *partWriter, err error) {
	if err := os.MkdirAll(tmp, 0o777); err != nil {
		return nil, err
	}
	w = &partWriter{
		dir:  filepath.Join(tmp, walPrefix(s.number)+random()),
		part: Part{Shard: s.number, First: s.first, Texts: s.texts},
	}
	if err := os.Mkdir(w.dir, 0o777); err != nil {
		return nil, err
	}
	if err := w.begin(m, formats); err != nil {
		return nil, errors.Join(err, w.abort())
	}
	return w, nil
}

// begin creates the files of the output's format.
func (w *partWriter) begin(m Manifest, formats Formats) error {
	format := m.Spec.Output.Format
	if err := formats.writes(format, m.half()); err != nil {
		return err
	}
	f, err := w.create(vectorsName(format))
	if err != nil {
		return err
	}
	switch format {
	case "jsonl":
		w.to = rows.NewJSONL(f, m.Spec.Text.ID != "")
	case "npy":
		ids, err := w.create(idsName)
		if err != nil {
			return err
		}
		w.to = rows.NewNPY(f, ids, rows.NPY{Rows: w.part.Texts, Dimensions: m.Spec.Embedder.Dimensions, Half: m.half()})
	default:
		to, err := formats.Vectors[format].Create(f, m.shape())
		if err != nil {
			return err
		}
		w.to = foreignWriter{to}
	}
	return nil
}

// summing takes the checksum of what is written one after the other, so that only a file in which a
// writer went back has to be read again. It has no other method that writes.
type summing struct {
	file *os.File
	crc  uint32
	back bool
}

func (s *summing) Write(b []byte) (int, error) {
	n, err := s.file.Write(b)
	s.crc = crc32.Update(s.crc, castagnoli, b[:n])
	return n, err
}

func (s *summing) Seek(offset int64, whence int) (int64, error) {
	s.back = true
	return s.file.Seek(offset, whence)
}

// sum returns the checksum of the file, which is closed.
func (s *summing) sum() (string, error) {
	if s.back {
		return checksum(s.file.Name())
	}
	return fmt.Sprintf("%08x", s.crc), nil
}

// foreignWriter writes in a format of another module.
type foreignWriter struct{ VectorWriter }

func (w foreignWriter) Write(r rows.Result) error {
	return w.VectorWriter.Write(Record{Index: r.Index, ID: r.ID, Vector: r.Vector})
}

func (w *partWriter) create(name string) (*summing, error) {
	f, err := os.OpenFile(filepath.Join(w.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	s := &summing{file: f}
	w.files = append(w.files, s)
	return s, nil
}

func (w *partWriter) vector(index int, id string, v []float32) error {
	w.part.Vectors++
	return w.to.Write(rows.Result{Index: index, ID: id, Vector: v})
}

// reject writes down a record without a vector.
func (w *partWriter) reject(r Rejection, err error) {
	r.Kind, r.Message = "unreadable", err.Error()
	if e, ok := errors.AsType[*embedding.Error](err); ok {
		own := *e
		own.RequestID = "" // another attempt has another one, and the same result
		r.Kind, r.Code, r.Message = own.Kind.Error(), own.Code, own.Error()
	}
	w.part.Rejected++
	w.rejected = append(w.rejected, r)
}

func (w *partWriter) abort() error {
	var err error
	for _, f := range w.files {
		if e := f.file.Close(); !errors.Is(e, os.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, os.RemoveAll(w.dir))
}

// commit puts the part in its place, all files at once. It returns false if another attempt was
// faster, whose results stay.
func (w *partWriter) commit(data string) (bool, error) {
	err := w.to.Close()
	if err == nil && len(w.rejected) > 0 {
		err = w.writeRejected()
	}
	w.part.Files = map[string]string{}
	for _, f := range w.files {
		if err == nil {
			err = f.file.Sync()
			cold(f.file)
		}
		if err = errors.Join(err, f.file.Close()); err == nil {
			w.part.Files[filepath.Base(f.file.Name())], err = f.sum()
		}
	}
	if err != nil {
		return false, err
	}
	if w.part.Sum, err = w.part.sum(); err != nil {
		return false, err
	}
	text, err := json.Marshal(w.part)
	if err == nil {
		err = writeSynced(filepath.Join(w.dir, partName), append(text, '\n'))
	}
	if err == nil {
		err = os.MkdirAll(data, 0o777)
	}
	if err != nil {
		return false, err
	}
	syncFolder(w.dir)
	done, err := putFolder(w.dir, filepath.Join(data, partFolder(w.part.Shard)))
	if done {
		syncFolder(data)
	}
	return done, err
}

// putFolder moves a folder that is not empty to a name, unless that is taken: a move replaces an
// empty folder at most.
func putFolder(from, to string) (bool, error) {
	err := os.Rename(from, to)
	if err != nil {
		if _, there := os.Lstat(filepath.Join(to, partName)); there == nil {
			return false, nil
		}
	}
	return err == nil, err
}

func (w *partWriter) writeRejected() error {
	f, err := w.create(rejectedName)
	if err != nil {
		return err
	}
	slices.SortFunc(w.rejected, func(a, b Rejection) int { return a.Index - b.Index })
	out := bufio.NewWriter(f)
	enc := json.NewEncoder(out)
	for _, r := range w.rejected {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return out.Flush()
}

func writeSynced(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// readPart reads the part.json of a shard.
func (j *Job) readPart(shard int) (p Part, err error) {
	name := filepath.Join(j.dir, dataName, partFolder(shard), partName)
	data, err := os.ReadFile(name)
	if err != nil {
		return p, err
	}
	err = json.Unmarshal(data, &p)
	if sum, bad := p.sum(); err != nil || bad != nil || p.Sum != sum || p.Shard != shard || p.Texts != p.Vectors+p.Rejected {
		return p, fmt.Errorf("%s is damaged: remove its folder, and the job makes it again", name)
	}
	return p, nil
}

// exists reports whether a name is there.
func exists(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
