package rows

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"

	"github.com/vecspace/embedding/internal/plain"
)

// Place is where a record begins in a file.
type Place struct {
	Offset int64 // in bytes; -1 in a file that can only be read from its beginning
	Index  int   // of the record
	Line   int   // lines before the Offset
}

// NewFile is [NewReader] for a file, in which [Reader.Go] can move. What is compressed or UTF-16 is
// read from its beginning for that, everything else is not. A format of [Parts] needs a file that
// is an io.ReaderAt.
func NewFile(file io.ReadSeeker, o Options) (*Reader, error) {
	head := make([]byte, len(parquet.magic))
	n, err := io.ReadFull(file, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	if r, err := table(file, head[:n], o); r != nil || err != nil {
		return r, err
	}
	r, err := NewReader(file, o)
	if err != nil {
		return nil, err
	}
	r.file, r.asked = file, o
	switch start := head[:n]; {
	case bytes.HasPrefix(start, []byte(plain.Mark)):
		r.mark = int64(len(plain.Mark))
	case bytes.HasPrefix(start, []byte(gzipMagic)), bytes.HasPrefix(start, []byte(zstd.magic)), bytes.HasPrefix(start, []byte{0xff, 0xfe}), bytes.HasPrefix(start, []byte{0xfe, 0xff}):
		r.whole = true
	}
	return r, nil
}

// Format returns the format of what is read.
func (r *Reader) Format() Format { return r.format }

// Place returns where the next record begins, of a Reader that NewFile made.
func (r *Reader) Place() Place {
	p := Place{Offset: -1, Index: r.next}
	switch {
	case r.whole:
	case r.csv == nil:
		p.Offset, p.Line = r.mark+r.lines.Read, r.lines.Number
	default:
		p.Offset = r.base.Offset + r.csv.InputOffset()
		if r.base.Offset == 0 {
			p.Offset += r.mark
		}
		p.Line = r.base.Line + r.ended
	}
	return p
}

// Go moves to a place in the same file, so that Next reads the record there.
func (r *Reader) Go(to Place) error {
	r.Row, r.Err = Row{}, nil
	if to.Offset >= 0 {
		if _, err := r.file.Seek(to.Offset, io.SeekStart); err != nil {
			return err
		}
		r.next, r.base, r.ended = to.Index, to, 0
		if r.csv == nil {
			most := MaxRecord
			if r.format == Lines {
				most = MaxText
			}
			r.lines = plain.LinesFrom(r.file, most, to.Line, to.Offset-r.mark)
			return nil
		}
		r.cap = &capped{in: r.file, left: MaxRecord}
		r.csv = csv.NewReader(r.cap)
		r.csv.FieldsPerRecord = -1
		return nil
	}
	if r.foreign != nil {
		r.next = to.Index
		return r.foreign.Seek(to.Index)
	}
	if to.Index < r.next {
		fresh, err := NewFile(r.file, r.asked)
		if err != nil {
			return err
		}
		*r = *fresh
	}
	for r.next < to.Index {
		if !r.Next() {
			return fmt.Errorf("the file ends behind its record %d: it was longer before", r.next)
		}
	}
	return nil
}
