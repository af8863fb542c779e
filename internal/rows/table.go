package rows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Table reads the records of a file in a format that another module knows. It is not safe for
// concurrent use.
type Table interface {
	// Next returns the values of the fields that were asked for, in their order; nil is null. They
	// hold until the next call. At the end of the file the error is io.EOF.
	Next() ([][]byte, error)
	// Seek moves to a record, counted from 0, which Next then returns.
	Seek(record int) error
}

// Parts are what other modules read, by names. The zero value has nothing.
type Parts struct {
	// Tables opens a file for some fields. A name is a [Format].
	Tables map[string]func(file io.ReaderAt, size int64, fields []string) (Table, error)
	// Inflate decompresses what it reads.
	Inflate map[string]func(io.Reader) (io.Reader, error)
}

// kind is a kind of files that only parts read.
type kind struct{ name, magic, says string }

// The byte after the magic of Parquet begins a structure of Thrift, which no text does.
var (
	parquet = kind{"parquet", "PAR1\x15", "a Parquet file"}
	zstd    = kind{"zstd", "\x28\xb5\x2f\xfd", "compressed with zstd"}
)

// FullBuild says where a part is that a build lacks.
const FullBuild = "the full build: go install github.com/vecspace/embedding/full/cmd/vecspace@latest"

func (k kind) missing() error {
	return fmt.Errorf("the input is %s, which is read by vecspace job of %s", k.says, FullBuild)
}

// names returns the names of all formats that are read with these parts, for an error.
func (p *Parts) names() (all []string) {
	for _, f := range Formats {
		all = append(all, string(f))
	}
	if p != nil {
		all = append(all, slices.Sorted(maps.Keys(p.Tables))...)
	}
	return all
}

// table opens file as a table if it is one by its beginning or by the options; else it returns nil.
func table(file io.ReadSeeker, head []byte, o Options) (*Reader, error) {
	name := string(o.Format)
	switch {
	case name == "" && bytes.HasPrefix(head, []byte(parquet.magic)):
		name = parquet.name
	case name == "" || slices.Contains(Formats, o.Format):
		return nil, nil
	}
	r := &Reader{format: Format(name), id: o.ID, asked: o, file: file, whole: true}
	o.Format = r.format
	if err := r.choose(o); err != nil {
		return nil, err
	}
	if len(r.parts) == 0 {
		return nil, errors.New("a field is needed for the text of each record, or a template of several")
	}
	at, ok := file.(io.ReaderAt)
	if !ok {
		return nil, fmt.Errorf("the format %s needs a file, in which any place can be read", name)
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	r.header = r.wanted()
	r.foreign, err = o.Parts.Tables[name](at, size, r.header)
	return r, err
}

// knows reports whether there is a part for a format.
func (p *Parts) knows(f Format) bool {
	return p != nil && p.Tables[string(f)] != nil
}

// foreignRecord reads a record of a table.
func (r *Reader) foreignRecord() (why string, ok bool) {
	cells, err := r.foreign.Next()
	if err == nil && len(cells) != len(r.header) {
		err = fmt.Errorf("got %d values for %d fields", len(cells), len(r.header))
	}
	switch {
	case errors.Is(err, io.EOF):
		return "", false
	case err != nil:
		r.Err = fmt.Errorf("reading record %d: %w", r.next+1, err)
		return "", false
	}
	r.cells, r.line = cells, r.next+1
	return "", true
}

// cell returns a value of a table's record. null is "".
func (r *Reader) cell(name string) (value string, null bool) {
	b := r.cells[slices.Index(r.header, name)]
	return string(b), b == nil
}
