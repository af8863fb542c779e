package parquet

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

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
	groupRows = 5000 // of a row group: what a part has, unless it is set
	blockRows = 64   // written or read at once
)

// create implements jobs.VectorFormat.
func create(w io.Writer, s jobs.VectorShape) (jobs.VectorWriter, error) {
	switch {
	case s.Half:
		return nil, errors.New("float16 is for npy: Parquet has float32")
	case s.IDs:
		return newWriter(w, s.Dimensions, func(r jobs.Record) named { return named{int64(r.Index), r.ID, r.Vector} }), nil
	}
	return newWriter(w, s.Dimensions, func(r jobs.Record) plain { return plain{int64(r.Index), r.Vector} }), nil
}

// writer writes records as T.
type writer[T any] struct {
	to         *parquet.GenericWriter[T]
	dimensions int
	form       func(jobs.Record) T
	block      []T
	floats     []float32 // of the block
}

// A writer is not used again for another file, although the library has Reset: the second file
// would lack the names of its columns.
func newWriter[T any](w io.Writer, dimensions int, form func(jobs.Record) T) *writer[T] {
	return &writer[T]{
		to: parquet.NewGenericWriter[T](w,
			schema[T](),
			parquet.CreatedBy("vecspace", "1", ""), // and not of a build, by which bytes would differ
			parquet.MaxRowsPerRowGroup(groupRows),
			parquet.WriteBufferSize(256<<10),
			parquet.SkipPageBounds("vector", "list", "element"), // nobody asks for a range of numbers in it
			parquet.DataPageStatistics(false)),
		dimensions: dimensions,
		form:       form,
	}
}

// schema does not depend on the name of a type.
func schema[T any]() *parquet.Schema {
	return parquet.NewSchema("vectors", parquet.SchemaOf(*new(T)))
}

func (w *writer[T]) Write(r jobs.Record) error {
	if len(r.Vector) != w.dimensions {
		return fmt.Errorf("a vector has %d dimensions and the others have %d", len(r.Vector), w.dimensions)
	}
	from := len(w.floats)
	if w.floats == nil {
		w.floats = make([]float32, 0, blockRows*w.dimensions) // it never moves
	}
	w.floats = append(w.floats, r.Vector...)
	r.Vector = w.floats[from:]
	if w.block = append(w.block, w.form(r)); len(w.block) < blockRows {
		return nil
	}
	return w.flush()
}

func (w *writer[T]) flush() error {
	_, err := w.to.Write(w.block)
	w.block, w.floats = w.block[:0], w.floats[:0]
	return err
}

func (w *writer[T]) Close() error {
	return errors.Join(w.flush(), w.to.Close())
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
