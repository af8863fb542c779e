package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/vecspace/embedding/jobs"
)

// file is an open file and the columns that are read.
type file struct {
	groups  []parquet.RowGroup
	columns []column
	cells   [][]byte
	group   int // of the next record
	left    int // records of the group
}

func open(r io.ReaderAt, size int64, fields []string) (jobs.Table, error) {
	return openFile(r, size, fields)
}

func openFile(r io.ReaderAt, size int64, fields []string) (f *file, err error) {
	defer caught(&err)
	if err := whole(r, size); err != nil {
		return nil, err
	}
	in, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(256<<10))
	if err != nil {
		return nil, fmt.Errorf("the Parquet file is damaged: %w", err)
	}
	f = &file{groups: in.RowGroups(), cells: make([][]byte, len(fields))}
	for _, name := range fields {
		c, err := find(in.Schema(), name)
		if err != nil {
			return nil, err
		}
		f.columns = append(f.columns, c)
	}
	return f, f.enter(0, 0)
}

// whole returns an error if a file does not begin and end as Parquet does, or says that its end is
// longer than the file, for which the library would take memory.
func whole(r io.ReaderAt, size int64) error {
	const tail = 8
	var head [len(magic)]byte
	var end [tail]byte
	if _, err := r.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return err
	}
	if string(head[:]) != magic {
		return errors.New("it is not a Parquet file: it does not begin with PAR1")
	}
	if _, err := r.ReadAt(end[:], max(size-tail, 0)); err != nil && err != io.EOF {
		return err
	}
	footer := int64(binary.LittleEndian.Uint32(end[:]))
	if string(end[tail-len(magic):]) != magic || footer > size-tail-int64(len(magic)) {
		return errors.New("the Parquet file is cut: it does not end with its list of columns and PAR1")
	}
	return nil
}

// caught makes an error of a panic: the library panics on some damaged files.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the Parquet file is damaged: %v", p)
	}
}

// enter begins to read a row group behind some of its records.
func (f *file) enter(group, skip int) error {
	f.group, f.left = group, 0
	if group == len(f.groups) {
		return nil
	}
	g := f.groups[group]
	f.left = int(g.NumRows()) - skip
	for i := range f.columns {
		c := &f.columns[i]
		chunks := g.ColumnChunks()
		if c.index >= len(chunks) {
			return fmt.Errorf("the row group %d has no column %q", group, c.name)
		}
		if err := c.enter(chunks[c.index], skip); err != nil {
			return fmt.Errorf("the column %q: %w", c.name, err)
		}
	}
	return nil
}

// Next implements jobs.Table.
func (f *file) Next() (cells [][]byte, err error) {
	defer caught(&err)
	for f.left <= 0 {
		if f.group >= len(f.groups)-1 {
			return nil, io.EOF
		}
		if err := f.enter(f.group+1, 0); err != nil {
			return nil, err
		}
	}
	f.left--
	for i := range f.columns {
		c := &f.columns[i]
		if f.cells[i], err = c.next(); err != nil {
			return nil, fmt.Errorf("the column %q: %w", c.name, err)
		}
	}
	return f.cells, nil
}

// Seek implements jobs.Table.
func (f *file) Seek(record int) (err error) {
	defer caught(&err)
	for i, g := range f.groups {
		n := int(g.NumRows())
		if record < n {
			return f.enter(i, record)
		}
		record -= n
	}
	if record > 0 {
		return errors.New("the file ends before that record: it was longer before")
	}
	return f.enter(len(f.groups), 0)
}

// column is a column with one value, or null, for each record.
type column struct {
	name    string
	index   int // among the leaves
	present int // the definition level of a value that is not null
	text    func(dst []byte, v parquet.Value) []byte

	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    [256]parquet.Value
	have   []parquet.Value // of buf, not read yet
	own    [24]byte        // of a value that is not a string
}

// find looks for a column by its name, in which a dot may lead into a group.
func find(s *parquet.Schema, name string) (c column, err error) {
	leaf, ok := s.Lookup(name)
	if !ok {
		leaf, ok = s.Lookup(strings.Split(name, ".")...)
	}
	switch {
	case !ok && nested(s, name):
		return c, fmt.Errorf("the column %q is nested: name a column of one string for each record", name)
	case !ok:
		return c, fmt.Errorf("there is no column %q: there are %q", name, columns(s))
	case leaf.MaxRepetitionLevel > 0:
		return c, fmt.Errorf("the column %q is nested: name a column of one string for each record", name)
	}
	c = column{name: name, index: leaf.ColumnIndex, present: leaf.MaxDefinitionLevel, text: words(leaf.Node.Type())}
	if c.text == nil {
		return c, fmt.Errorf("the column %q has the type %v: a text or an id is a string, an integer or a boolean", name, leaf.Node.Type())
	}
	return c, nil
}

// nested reports whether a name is that of a group, list or map.
func nested(s *parquet.Schema, name string) bool {
	for _, f := range s.Fields() {
		if f.Name() == name || strings.HasPrefix(name, f.Name()+".") {
			return true
		}
	}
	return false
}

func columns(s *parquet.Schema) (names []string) {
	for _, path := range s.Columns() {
		names = append(names, strings.Join(path, "."))
	}
	return names
}

// words returns what writes the values of a type as text, or nil.
func words(t parquet.Type) func(dst []byte, v parquet.Value) []byte {
	var logical any
	if l := t.LogicalType(); l != nil {
		logical = l.Value
	}
	switch t.Kind() {
	case parquet.ByteArray:
		switch logical.(type) {
		case nil, *format.StringType, *format.EnumType, *format.JsonType:
			return func(_ []byte, v parquet.Value) []byte { return v.ByteArray() }
		}
	case parquet.Boolean:
		return func(dst []byte, v parquet.Value) []byte { return strconv.AppendBool(dst, v.Boolean()) }
	case parquet.Int32, parquet.Int64:
		kind, ok := logical.(*format.IntType)
		if !ok && logical != nil {
			return nil // a date, a time, a decimal
		}
		return integers(t.Kind() == parquet.Int64, !ok || kind.IsSigned)
	}
	return nil
}

func integers(long, signed bool) func(dst []byte, v parquet.Value) []byte {
	return func(dst []byte, v parquet.Value) []byte {
		switch {
		case long && signed:
			return strconv.AppendInt(dst, v.Int64(), 10)
		case long:
			return strconv.AppendUint(dst, v.Uint64(), 10)
		case signed:
			return strconv.AppendInt(dst, int64(v.Int32()), 10)
		}
		return strconv.AppendUint(dst, uint64(v.Uint32()), 10)
	}
}

// enter begins to read a chunk behind some of its records.
func (c *column) enter(chunk parquet.ColumnChunk, skip int) error {
	c.leave()
	c.pages = chunk.Pages()
	if skip > 0 {
		return c.pages.SeekToRow(int64(skip))
	}
	return nil
}

// leave gives back what is held of a chunk.
func (c *column) leave() {
	c.have = nil
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.page, c.values = nil, nil
	if c.pages != nil {
		_ = c.pages.Close() // it was only read
	}
}

// next returns the text of the next value, nil if it is null.
func (c *column) next() ([]byte, error) {
	for len(c.have) == 0 {
		if err := c.fetch(); err != nil {
			return nil, err
		}
	}
	v := c.have[0]
	c.have = c.have[1:]
	if v.DefinitionLevel() < c.present || v.IsNull() {
		return nil, nil
	}
	text := c.text(c.own[:0], v)
	if text == nil {
		text = []byte{} // an empty string is not null
	}
	return text, nil
}

// fetch reads some values. What was read before is no longer held.
func (c *column) fetch() error {
	if c.page == nil {
		page, err := c.pages.ReadPage()
		if err == io.EOF {
			return errors.New("it has fewer values than its row group has records: the file is damaged")
		}
		if err != nil {
			return err
		}
		c.page, c.values = page, page.Values()
	}
	n, err := c.values.ReadValues(c.buf[:])
	c.have = c.buf[:n]
	if err != nil && err != io.EOF {
		return err
	}
	if n == 0 { // the page ends
		parquet.Release(c.page)
		c.page, c.values = nil, nil
	}
	return nil
}
