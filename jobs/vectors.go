package jobs

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vecspace/embedding/internal/floats"
	"github.com/vecspace/embedding/internal/rows"
	"github.com/vecspace/embedding/quantize"
)

// Vectors yields the vectors of all parts, in the order of the records. The job has to be complete.
// An error is the last thing that it yields. A Vector holds until the next one is yielded.
func (j *Job) Vectors(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if err := j.complete(); err != nil {
			yield(Record{}, err)
			return
		}
		for n := range j.Manifest.Plan.Shards {
			for r, err := range j.partVectors(n) {
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					yield(Record{}, err)
					return
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// complete returns an error if a shard is not done.
func (j *Job) complete() error {
	if exists(j.path(successName)) {
		return nil
	}
	return fmt.Errorf("jobs: job %s is not complete: run it, or retry what failed, before its vectors are read", j.Manifest.ID)
}

// partVectors yields the vectors of a shard that is done.
func (j *Job) partVectors(shard int) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		p, err := j.readPart(shard)
		if err != nil {
			yield(Record{}, err)
			return
		}
		next, end, err := j.openPart(p)
		if err != nil {
			yield(Record{}, err)
			return
		}
		defer end()
		for {
			r, err := next()
			if err == io.EOF {
				return
			}
			if err != nil {
				err = fmt.Errorf("jobs: %s: %w", filepath.Join(j.path(dataName), partFolder(shard)), err)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// openPart returns what reads the vectors of a part, one after the other.
func (j *Job) openPart(p Part) (next func() (Record, error), end func(), err error) {
	dir := filepath.Join(j.path(dataName), partFolder(p.Shard))
	switch format := j.Manifest.Spec.Output.Format; format {
	case "npy":
		return j.openNPY(dir, p)
	case "jsonl":
		f, err := os.Open(filepath.Join(dir, jsonlName))
		if err != nil {
			return nil, nil, err
		}
		d := json.NewDecoder(bufio.NewReader(f))
		return func() (r Record, err error) { return r, d.Decode(&r) }, func() { _ = f.Close() }, nil
	default:
		return j.openForeign(dir, format)
	}
}

// openForeign opens a file of a format of another module.
func (j *Job) openForeign(dir, format string) (next func() (Record, error), end func(), err error) {
	if err := j.formats.writes(format, false); err != nil {
		return nil, nil, err
	}
	f, err := os.Open(filepath.Join(dir, vectorsName(format)))
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		next, err = j.formats.Vectors[format].Open(f, info.Size(), j.Manifest.shape())
	}
	if err != nil {
		_ = f.Close() // it was only read
		return nil, nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return next, func() { _ = f.Close() }, nil
}

// openNPY opens vectors.npy and ids.txt, which has no indexes: they follow each other but for
// records without a vector.
func (j *Job) openNPY(dir string, p Part) (next func() (Record, error), end func(), err error) {
	rejected, err := readRejected(dir, p)
	if err != nil {
		return nil, nil, err
	}
	f, err := os.Open(filepath.Join(dir, npyName))
	if err != nil {
		return nil, nil, err
	}
	ids, err := os.Open(filepath.Join(dir, idsName))
	if err != nil {
		_ = f.Close() // it was only read
		return nil, nil, err
	}
	end = func() { _, _ = f.Close(), ids.Close() }
	in := bufio.NewReaderSize(f, 256<<10)
	head, err := rows.ReadNPY(in)
	if err != nil {
		end()
		return nil, nil, fmt.Errorf("%s: %w", npyName, err)
	}
	n := npyReader{in: in, ids: bufio.NewReader(ids), row: make([]byte, head.RowBytes()), head: head, index: p.First, rejected: rejected,
		named: j.Manifest.Spec.Text.ID != ""}
	return n.next, end, nil
}

type npyReader struct {
	in, ids  *bufio.Reader
	head     rows.NPY
	row      []byte
	halves   []uint16
	vector   []float32
	read     int // rows
	index    int // of the next record
	rejected map[int]bool
	named    bool // records have ids
}

func (n *npyReader) next() (r Record, err error) {
	if n.read == n.head.Rows {
		return r, io.EOF
	}
	for n.rejected[n.index] {
		n.index++
	}
	if _, err := io.ReadFull(n.in, n.row); err != nil {
		return r, fmt.Errorf("%s is cut: %w", npyName, unexpected(err))
	}
	id, err := n.ids.ReadString('\n')
	if err != nil {
		return r, fmt.Errorf("%s is cut: %w", idsName, unexpected(err))
	}
	if r.Index = n.index; n.named {
		r.ID = strings.TrimSuffix(id, "\n")
	}
	n.decode()
	n.read++
	n.index++
	r.Vector = n.vector
	return r, nil
}

// decode decodes a row.
func (n *npyReader) decode() {
	if n.halves = n.halves[:0]; n.head.Half {
		for i := 0; i < len(n.row); i += 2 {
			n.halves = append(n.halves, binary.LittleEndian.Uint16(n.row[i:]))
		}
		n.vector = quantize.AppendFromFloat16(n.vector[:0], n.halves)
		return
	}
	n.vector = slices.Grow(n.vector[:0], n.head.Dimensions)[:n.head.Dimensions]
	floats.Decode(n.vector, n.row)
}

// unexpected makes the end of a file an error that io.EOF is not.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
