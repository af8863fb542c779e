package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vecspace/embedding/internal/rows"
)

// Formats are the kinds of files that other modules read and write, such as the module
// jobs/parquet, by their names. The zero value has none: text lines, JSONL, CSV, TSV and gzip in,
// .npy and JSONL out are of this package. They are given to a job in [Options] or by
// [Formats.Open]; nothing registers itself.
type Formats struct {
	// Tables opens files of records with named fields for some of these. Files named NAME.parquet, and
	// those that begin as Parquet does, are of the format parquet.
	Tables map[string]func(file io.ReaderAt, size int64, fields []string) (Table, error)
	// Inflate decompresses what it reads. Files that begin as zstd does are of the name zstd.
	Inflate map[string]func(io.Reader) (io.Reader, error)
	// Vectors writes results to files vectors.NAME.
	Vectors map[string]VectorFormat
	// Stores holds objects, by the schemes of their addresses.
	Stores map[string]Store
}

// Table reads the records of a file. It is not safe for concurrent use.
type Table interface {
	// Next returns the values of the fields that were asked for, in their order; nil is null. They
	// hold until the next call. At the end of the file the error is io.EOF.
	Next() ([][]byte, error)
	// Seek moves to a record, counted from 0, which Next then returns.
	Seek(record int) error
}

// VectorFormat is a format of files of vectors. The same records give the same bytes.
type VectorFormat struct {
	// Create returns what writes to a file.
	Create func(w io.Writer, s VectorShape) (VectorWriter, error)
	// Open reads what Create has written. At the end of the file the error is io.EOF.
	Open func(r io.ReaderAt, size int64, s VectorShape) (next func() (Record, error), err error)
	// Half is set if it can write float16.
	Half bool
}

// VectorShape is what all vectors of a job have in common.
type VectorShape struct {
	Dimensions int
	IDs        bool // records have ids
	Half       bool // float16
}

// VectorWriter writes records with their vectors. Write neither changes nor keeps a vector, which
// others read too. Close ends the file and does not close what it writes to.
type VectorWriter interface {
	Write(Record) error
	Close() error
}

// Record is a vector and whose it is.
type Record struct {
	Index  int    // among all records of the job, from 0
	ID     string // "" if the job has no ids
	Vector []float32
}

// writes reports whether an output format is one of this package or has a part, or names the build
// that has it.
func (f Formats) writes(format string, half bool) error {
	part, ok := f.Vectors[format]
	switch {
	case format == "npy" || format == "jsonl" && !half:
		return nil
	case format == "parquet" && !ok:
		return fmt.Errorf("jobs: Parquet needs %s, or Formats of the module jobs/parquet", rows.FullBuild)
	case format != "jsonl" && !ok:
		return fmt.Errorf("jobs: there is no output format %q: there are %s", format, strings.Join(f.Outputs(), ", "))
	case half && !part.Half:
		return fmt.Errorf("jobs: float16 is for npy: %s has float32", format)
	}
	return nil
}

// Outputs returns the names of all output formats, those of this package first.
func (f Formats) Outputs() []string {
	return append([]string{"npy", "jsonl"}, slices.Sorted(maps.Keys(f.Vectors))...)
}

// parts returns what package rows needs.
func (f Formats) parts() *rows.Parts {
	p := &rows.Parts{Tables: map[string]func(io.ReaderAt, int64, []string) (rows.Table, error){}, Inflate: f.Inflate}
	for name, open := range f.Tables {
		p.Tables[name] = func(file io.ReaderAt, size int64, fields []string) (rows.Table, error) {
			return open(file, size, fields)
		}
	}
	return p
}

// reading returns how an input is read.
func (m Manifest) reading(path string, f Formats) rows.Options {
	t := m.Spec.Text
	o := rows.Options{Format: rows.Format(t.Format), Field: t.Field, Template: t.Template, ID: t.ID, Parts: f.parts()}
	if o.Format == "" && filepath.Ext(path) == ".parquet" {
		o.Format = "parquet" // whatever it begins with
	}
	return o
}

func (m Manifest) shape() VectorShape {
	return VectorShape{Dimensions: m.Spec.Embedder.Dimensions, IDs: m.Spec.Text.ID != "", Half: m.half()}
}

// supported returns an error if this process lacks what reads the inputs or writes the results, so
// that it fails no shard which others can do.
func (j *Job) supported(ctx context.Context) error {
	out := j.Manifest.Spec.Output
	if err := j.formats.writes(out.Format, j.Manifest.half()); err != nil {
		return err
	}
	for _, in := range j.Manifest.Spec.Inputs {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := j.formats.open(ctx, in.Path)
		if err != nil {
			return err
		}
		_, err = rows.NewFile(f, j.Manifest.reading(in.Path, j.formats))
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("jobs: %s: %w", in.Path, err)
		}
	}
	return nil
}
