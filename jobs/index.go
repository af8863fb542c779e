package jobs

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/vecspace/embedding/internal/rows"
)

// shard is a run of records of one input.
type shard struct {
	number int
	input  int        // in Spec.Inputs
	at     rows.Place // of the first record
	first  int        // index of the first record in the whole job
	texts  int        // records
	sum    uint32     // of what was read
}

// The file shards has a record of a fixed size for each, so that a job of any size is planned and
// read without holding them in memory.
const (
	indexMagic  = "vecjob1\n"
	indexRecord = 44
)

func (s shard) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(s.input))
	for _, x := range []int64{s.at.Offset, int64(s.at.Index), int64(s.at.Line), int64(s.first)} {
		b = binary.LittleEndian.AppendUint64(b, uint64(x))
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(s.texts))
	return binary.LittleEndian.AppendUint32(b, s.sum)
}

// indexWriter writes the file shards.
type indexWriter struct {
	to  *bufio.Writer
	buf []byte
}

func newIndexWriter(w io.Writer) (*indexWriter, error) {
	i := &indexWriter{to: bufio.NewWriter(w)}
	_, err := i.to.WriteString(indexMagic)
	return i, err
}

func (i *indexWriter) write(s shard) error {
	i.buf = s.append(i.buf[:0])
	_, err := i.to.Write(i.buf)
	return err
}

// index reads the file shards.
type index struct {
	file  *os.File
	count int
}

func openIndex(name string, p Figures) (*index, error) {
	sum, err := digest(name)
	if err != nil {
		return nil, err
	}
	if sum != p.Index {
		return nil, fmt.Errorf("the file %s is damaged: it is not the one that job.json names", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return &index{f, p.Shards}, nil
}

// shard returns a shard by its number.
func (i *index) shard(n int) (s shard, err error) {
	if n < 0 || n >= i.count {
		return s, fmt.Errorf("there is no shard %d: there are %d", n, i.count)
	}
	var b [indexRecord]byte
	if _, err := i.file.ReadAt(b[:], int64(len(indexMagic)+n*indexRecord)); err != nil {
		return s, err
	}
	number := func(at int) int { return int(int64(binary.LittleEndian.Uint64(b[at:]))) }
	return shard{
		number: n,
		input:  int(binary.LittleEndian.Uint32(b[0:])),
		at:     rows.Place{Offset: int64(number(4)), Index: number(12), Line: number(20)},
		first:  number(28),
		texts:  int(binary.LittleEndian.Uint32(b[36:])),
		sum:    binary.LittleEndian.Uint32(b[40:]),
	}, nil
}

// sum adds up what was read, so that a change of an input is noticed where it is read.
type sum struct {
	crc uint32
	buf []byte
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (s *sum) add(r rows.Row) {
	s.buf = append(append(append(s.buf[:0], r.ID...), 0), r.Text...)
	if s.buf = append(s.buf, 0); r.Err != nil {
		s.buf = append(s.buf, r.Err.Error()...)
	}
	s.crc = crc32.Update(s.crc, castagnoli, append(s.buf, '\n'))
}

// reader reads shards of the inputs. Those of one file that follow each other are read on. It is
// not safe for concurrent use.
type reader struct {
	ctx     context.Context // of requests to a store
	m       Manifest
	formats Formats
	input   int
	file    file
	rows    *rows.Reader
}

func (r *reader) close() {
	if r.file != nil {
		_ = r.file.Close() // it was only read
	}
	r.file, r.rows = nil, nil
}

// errChanged is in the chain of an error for an input that is not what was planned.
var errChanged = errors.New("the input has changed since the job was planned")

// read returns the records of a shard.
func (r *reader) read(s shard) ([]rows.Row, error) {
	all, err := r.records(s)
	if err != nil {
		r.close()
		return nil, fmt.Errorf("reading %s: %w", r.m.Spec.Inputs[s.input].Path, err)
	}
	return all, nil
}

func (r *reader) records(s shard) (all []rows.Row, err error) {
	if r.file == nil || r.input != s.input {
		r.close()
		if r.file, err = r.formats.open(r.ctx, r.m.Spec.Inputs[s.input].Path); err != nil {
			return nil, err
		}
		if r.rows, err = rows.NewFile(r.file, r.m.reading(r.m.Spec.Inputs[s.input].Path, r.formats)); err != nil {
			return nil, err
		}
		r.input = s.input
	}
	if r.rows.Place() != s.at {
		if err := r.rows.Go(s.at); err != nil {
			return nil, fmt.Errorf("%w: %w", errChanged, err)
		}
	}
	var now sum
	all = make([]rows.Row, 0, s.texts)
	for len(all) < s.texts && r.rows.Next() {
		now.add(r.rows.Row)
		all = append(all, r.rows.Row)
	}
	if r.rows.Err != nil {
		return nil, r.rows.Err
	}
	if len(all) < s.texts || now.crc != s.sum {
		return nil, fmt.Errorf("%w: records %d to %d differ", errChanged, s.at.Index, s.at.Index+s.texts-1)
	}
	return all, nil
}
