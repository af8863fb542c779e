package parquet

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go"
	coding "github.com/parquet-go/parquet-go/encoding/plain"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/vecspace/embedding/jobs"
)

// The records of a file of vectors, without ids and with them.
type (
	plain struct {
		Index  int64     `parquet:"index"`
		Vector []float32 `parquet:"vector,list"`
	}
	named struct {
		Index  int64     `parquet:"index"`
		ID     string    `parquet:"id"`
		Vector []float32 `parquet:"vector,list"`
	}
)

const (
	groupRows  = 5000     // of a row group, at most: what a part has, unless it is set
	groupBytes = 64 << 20 // of the vectors and ids of a row group, which are held until it is written
	pageBytes  = 1 << 20  // of the vectors of a page
	blockRows  = 64       // read at once
	magic      = "PAR1"   // at both ends of a file
)

// create implements jobs.VectorFormat.
func create(w io.Writer, s jobs.VectorShape) (jobs.VectorWriter, error) {
	if s.Half {
		return nil, errors.New("float16 is for npy: Parquet has float32")
	}
	form := schema[plain]()
	if s.IDs {
		form = schema[named]()
	}
	meta, err := empty(form)
	if err != nil {
		return nil, err
	}
	v := &writer{out: w, shape: s, meta: meta, buffers: spare.Get().(*buffers)}
	v.write([]byte(magic))
	return v, v.err
}

// schema does not depend on the name of a type.
func schema[T any]() *parquet.Schema {
	return parquet.NewSchema("vectors", parquet.SchemaOf(*new(T)))
}

// empty returns what a file without records says of its columns.
func empty(s *parquet.Schema) (*format.FileMetaData, error) {
	var b bytes.Buffer
	created := parquet.CreatedBy("vecspace", "1", "") // and not of a build, by which bytes would differ
	if err := parquet.NewWriter(&b, s, created).Close(); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return nil, err
	}
	return f.Metadata(), nil
}

// writer writes row groups of uncompressed pages. The library's own writer looks at two levels of
// each number, for a quarter of the time of a whole job, and here they are the same in each vector.
type writer struct {
	out   io.Writer
	at    int64 // bytes written
	err   error
	shape jobs.VectorShape
	meta  *format.FileMetaData
	group format.RowGroup

	// Of the records of the next row group.
	rows            int
	first, last     int
	lowest, highest string // ids
	*buffers
}

// buffers hold the records of a row group.
type buffers struct {
	indexes, ids []byte // as a page has them
	vectors      []float32
	numbers      []byte // of a page
}

// spare keeps buffers from part to part. They would grow to some megabytes in each, which is an
// eighth of the time of a job.
var spare = sync.Pool{New: func() any { return new(buffers) }}

func (w *writer) Write(r jobs.Record) error {
	if len(r.Vector) != w.shape.Dimensions {
		return fmt.Errorf("a vector has %d dimensions and the others have %d", len(r.Vector), w.shape.Dimensions)
	}
	if w.rows == 0 {
		w.first, w.last, w.lowest, w.highest = r.Index, r.Index, r.ID, r.ID
	}
	w.rows++
	w.first, w.last = min(w.first, r.Index), max(w.last, r.Index)
	w.indexes = binary.LittleEndian.AppendUint64(w.indexes, uint64(r.Index))
	if w.shape.IDs {
		w.lowest, w.highest = min(w.lowest, r.ID), max(w.highest, r.ID)
		w.ids = binary.LittleEndian.AppendUint32(w.ids, uint32(len(r.ID)))
		w.ids = append(w.ids, r.ID...)
	}
	w.vectors = append(w.vectors, r.Vector...)
	if w.rows == groupRows || 4*len(w.vectors)+len(w.ids) >= groupBytes {
		w.flush()
	}
	return w.err
}

// flush writes a row group.
func (w *writer) flush() {
	if w.rows == 0 {
		return
	}
	w.group = format.RowGroup{FileOffset: w.at, NumRows: int64(w.rows), Ordinal: int16(len(w.meta.RowGroups))}
	w.column(format.Int64, "index")
	w.bounds(binary.LittleEndian.AppendUint64(nil, uint64(w.first)), binary.LittleEndian.AppendUint64(nil, uint64(w.last)))
	w.page(w.rows, 1, w.indexes)
	if w.shape.IDs {
		w.column(format.ByteArray, "id")
		w.bounds([]byte(w.lowest), []byte(w.highest))
		w.page(w.rows, 1, w.ids)
	}
	w.column(format.Float, "vector", "list", "element")
	for rest := w.vectors; len(rest) > 0; {
		n := min(max(pageBytes/4/w.shape.Dimensions, 1)*w.shape.Dimensions, len(rest))
		var err error
		w.numbers, err = new(coding.Encoding).EncodeFloat(w.numbers, rest[:n])
		w.err = cmp.Or(w.err, err)
		w.page(n/w.shape.Dimensions, w.shape.Dimensions, w.numbers)
		rest = rest[n:]
	}
	w.group.TotalCompressedSize = w.group.TotalByteSize
	w.meta.RowGroups = append(w.meta.RowGroups, w.group)
	w.meta.NumRows += int64(w.rows)
	w.rows, w.indexes, w.ids, w.vectors = 0, w.indexes[:0], w.ids[:0], w.vectors[:0]
}

// column begins a column of the row group.
func (w *writer) column(of format.Type, path ...string) {
	w.group.Columns = append(w.group.Columns, format.ColumnChunk{MetaData: format.ColumnMetaData{
		Type: of, Encoding: []format.Encoding{format.Plain, format.RLE}, PathInSchema: path, DataPageOffset: w.at,
	}})
}

// bounds says between what the values of the column are.
func (w *writer) bounds(low, high []byte) {
	w.group.Columns[len(w.group.Columns)-1].MetaData.Statistics = format.Statistics{MinValue: low, MaxValue: high}
}

// page writes the next page of the column: so many records, each of so many numbers if it is a
// vector.
func (w *writer) page(rows, each int, values []byte) {
	repeats, defined := []byte(nil), []byte(nil)
	c := &w.group.Columns[len(w.group.Columns)-1].MetaData
	if len(c.PathInSchema) > 1 {
		repeats, defined = levels(rows, each)
	}
	begin := slices.Concat(repeats, defined)
	size := len(begin) + len(values)
	header, err := thrift.Marshal(new(thrift.CompactProtocol), &format.PageHeader{
		Type:                 format.DataPageV2,
		UncompressedPageSize: int32(size),
		CompressedPageSize:   int32(size),
		CRC:                  int32(crc32.Update(crc32.ChecksumIEEE(begin), crc32.IEEETable, values)),
		DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{
			NumValues: int32(rows * each), NumRows: int32(rows), Encoding: format.Plain, IsCompressed: thrift.New(false),
			RepetitionLevelsByteLength: int32(len(repeats)), DefinitionLevelsByteLength: int32(len(defined)),
		}),
	})
	w.err = cmp.Or(w.err, err)
	w.write(append(header, begin...))
	w.write(values)
	size += len(header)
	c.NumValues += int64(rows * each)
	c.TotalUncompressedSize += int64(size)
	c.TotalCompressedSize += int64(size)
	w.group.TotalByteSize += int64(size)
}

// levels returns the repetition and the definition levels of vectors, in runs: the first number of
// each begins a record (0) and the others go on with it (1), and all are there (1).
func levels(rows, each int) (repeats, defined []byte) {
	run := func(b []byte, n int, level byte) []byte { return append(binary.AppendUvarint(b, uint64(n)<<1), level) }
	for range rows {
		repeats = run(repeats, 1, 0)
		if each > 1 {
			repeats = run(repeats, each-1, 1)
		}
	}
	return repeats, run(nil, rows*each, 1)
}

func (w *writer) write(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
		w.at += int64(len(b))
	}
}

// Close writes the list of row groups.
func (w *writer) Close() error {
	w.flush()
	spare.Put(w.buffers)
	w.buffers = new(buffers)
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), w.meta)
	w.err = cmp.Or(w.err, err)
	w.write(binary.LittleEndian.AppendUint32(footer, uint32(len(footer))))
	w.write([]byte(magic))
	return w.err
}

// openVectors implements jobs.VectorFormat.
func openVectors(r io.ReaderAt, size int64, s jobs.VectorShape) (func() (jobs.Record, error), error) {
	if s.IDs {
		return newReader(r, size, func(n named) jobs.Record { return jobs.Record{Index: int(n.Index), ID: n.ID, Vector: n.Vector} })
	}
	return newReader(r, size, func(p plain) jobs.Record { return jobs.Record{Index: int(p.Index), Vector: p.Vector} })
}

// reader reads records that were written as T.
type reader[T any] struct {
	from *parquet.GenericReader[T]
	form func(T) jobs.Record
	rows []T
	have []T // of rows, not returned yet
}

func newReader[T any](r io.ReaderAt, size int64, form func(T) jobs.Record) (next func() (jobs.Record, error), err error) {
	defer caught(&err)
	if err := whole(r, size); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(256<<10))
	if err != nil {
		return nil, fmt.Errorf("the Parquet file is damaged: %w", err)
	}
	if got, want := f.Schema().String(), schema[T]().String(); got != want {
		return nil, fmt.Errorf("the Parquet file has not the columns that this program writes, but %s", got)
	}
	v := &reader[T]{from: parquet.NewGenericReader[T](f), form: form, rows: make([]T, blockRows)}
	return v.next, nil
}

func (v *reader[T]) next() (r jobs.Record, err error) {
	defer caught(&err)
	if len(v.have) == 0 {
		n, err := v.from.Read(v.rows)
		if n == 0 {
			if err == nil {
				err = io.ErrNoProgress
			}
			return r, err
		}
		v.have = v.rows[:n]
	}
	r = v.form(v.have[0])
	v.have = v.have[1:]
	return r, nil
}
