package rows

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/vecspace/embedding/internal/floats"
	"github.com/vecspace/embedding/internal/plain"
	"github.com/vecspace/embedding/quantize"
)

// Result is what became of a [Row].
type Result struct {
	Index  int
	ID     string
	Vector []float32 // nil: there is none
	Err    string    // why; "" beside a vector
}

// Writer writes results. Close writes what is buffered and does not close what it writes to.
type Writer interface {
	Write(Result) error
	Close() error
}

// NewJSONL returns a Writer of an object a line: {"index":0,"id":"a","vector":[...]}, or with an
// "error" instead of the vector. Without ids it leaves the id out.
func NewJSONL(w io.Writer, ids bool) Writer {
	return &text{out: bufio.NewWriterSize(w, 64<<10), ids: ids}
}

// NewCSV returns a Writer of CSV with a header: index, id, vector as [1,2,3], error. Without ids it
// leaves the id out.
func NewCSV(w io.Writer, ids bool) Writer {
	return &text{out: bufio.NewWriterSize(w, 64<<10), ids: ids, csv: true}
}

type text struct {
	out   *bufio.Writer
	ids   bool
	csv   bool
	begun bool
	buf   []byte
}

func (t *text) Write(r Result) error {
	if t.csv {
		return t.record(r)
	}
	b := append(t.buf[:0], `{"index":`...)
	b = strconv.AppendInt(b, int64(r.Index), 10)
	if t.ids && r.ID != "" {
		b = quoted(append(b, `,"id":`...), r.ID)
	}
	if r.Vector != nil {
		b = vector(append(b, `,"vector":`...), r.Vector)
	} else {
		b = quoted(append(b, `,"error":`...), r.Err)
	}
	t.buf = append(b, "}\n"...)
	_, err := t.out.Write(t.buf)
	return err
}

func (t *text) record(r Result) error {
	b := t.head(t.buf[:0])
	b = append(strconv.AppendInt(b, int64(r.Index), 10), ',')
	if t.ids {
		b = append(field(b, r.ID), ',')
	}
	if r.Vector != nil {
		b = append(b, '"')
		b = append(vector(b, r.Vector), '"')
	}
	b = append(b, ',')
	t.buf = append(field(b, plain.Visible(r.Err)), '\n')
	_, err := t.out.Write(t.buf)
	return err
}

// head appends the header, once.
func (t *text) head(b []byte) []byte {
	if t.begun {
		return b
	}
	t.begun = true
	if t.ids {
		return append(b, "index,id,vector,error\n"...)
	}
	return append(b, "index,vector,error\n"...)
}

func (t *text) Close() error {
	if t.csv {
		_, _ = t.out.Write(t.head(nil)) // Flush returns the error
	}
	return t.out.Flush()
}

// field appends a field of CSV.
func field(b []byte, s string) []byte {
	if !strings.ContainsAny(s, "\",\r\n") && s == strings.TrimSpace(s) {
		return append(b, s...)
	}
	return append(append(append(b, '"'), strings.ReplaceAll(s, `"`, `""`)...), '"')
}

// quoted appends a JSON string. What a terminal would act on is escaped.
func quoted(b []byte, s string) []byte {
	q, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...) // a string has a JSON form
	}
	return append(b, plain.Visible(string(q))...)
}

func vector(b []byte, v []float32) []byte {
	b = append(b, '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = number(b, x)
	}
	return append(b, ']')
}

// number appends a number as encoding/json writes it.
func number(b []byte, x float32) []byte {
	format := byte('f')
	if a := math.Abs(float64(x)); a != 0 && (float32(a) < 1e-6 || float32(a) >= 1e21) {
		format = 'e'
	}
	b = strconv.AppendFloat(b, float64(x), format, -1, 32)
	if n := len(b); format == 'e' && n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' {
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

// npyHead is the length of a file's header. NumPy wants a multiple of 64.
const npyHead = 128

// NPY is what the header of a file of [NewNPY] says.
type NPY struct {
	Rows, Dimensions int
	Half             bool // float16
}

const npyForm = "\x93NUMPY\x01\x00%c\x00{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }"

// Head returns the header of 128 bytes. RowBytes for each row follow it.
func (n NPY) Head() string {
	kind := "<f4"
	if n.Half {
		kind = "<f2"
	}
	head := fmt.Sprintf(npyForm, npyHead-10, kind, n.Rows, n.Dimensions)
	return head + strings.Repeat(" ", npyHead-1-len(head)) + "\n"
}

// RowBytes returns the bytes of a row.
func (n NPY) RowBytes() int {
	if n.Half {
		return 2 * n.Dimensions
	}
	return 4 * n.Dimensions
}

// ReadNPY reads the header of a file of [NewNPY], which may be all of it that is there.
func ReadNPY(r io.Reader) (n NPY, err error) {
	head := make([]byte, npyHead)
	if _, err := io.ReadFull(r, head); err != nil {
		return n, fmt.Errorf("it has no .npy header: %w", err)
	}
	_, shape, _ := strings.Cut(string(head), "'shape': ")
	_, err = fmt.Sscanf(shape, "(%d, %d)", &n.Rows, &n.Dimensions)
	n.Half = strings.Contains(string(head), "'<f2'")
	if err != nil || n.Rows < 0 || n.Dimensions < 0 || n.Head() != string(head) {
		return NPY{}, errors.New("it is not a .npy file of rows of float32 or float16 that this program has written")
	}
	return n, nil
}

// NewNPY returns a Writer of a .npy file of one row a vector: float32, or float16 if half is set.
// numpy.load reads it. The id of each row, or its index where it has none, is a line of ids.
// Results without a vector have no row. The header is written first, as head says, and again by
// Close if the rows are others.
func NewNPY(w io.WriteSeeker, ids io.Writer, head NPY) Writer {
	n := &npy{NPY: head, begun: head.Head(), to: w, out: bufio.NewWriterSize(w, 256<<10), ids: bufio.NewWriterSize(ids, 64<<10)}
	n.Rows = 0
	_, _ = n.out.WriteString(n.begun) // Flush returns the error
	return n
}

type npy struct {
	NPY
	begun    string // the header that is written
	to       io.WriteSeeker
	out, ids *bufio.Writer
	buf      []byte
	halves   []uint16
}

func (n *npy) Write(r Result) error {
	if r.Vector == nil {
		return nil
	}
	if n.Rows == 0 {
		n.Dimensions = len(r.Vector)
	}
	if len(r.Vector) != n.Dimensions {
		return fmt.Errorf("a vector has %d dimensions and the ones before it have %d", len(r.Vector), n.Dimensions)
	}
	row := n.out.AvailableBuffer()
	if n.Half {
		var err error
		if n.halves, err = quantize.AppendFloat16(n.halves[:0], r.Vector); err != nil {
			return fmt.Errorf("%w: write float32", err)
		}
		for _, h := range n.halves {
			row = binary.LittleEndian.AppendUint16(row, h)
		}
	} else {
		row = floats.Append(row, r.Vector)
	}
	n.Rows++
	_, err := n.out.Write(row)
	id := append(n.buf[:0], r.ID...)
	if r.ID == "" {
		id = strconv.AppendInt(id, int64(r.Index), 10)
	}
	n.buf = append(id, '\n')
	_, err2 := n.ids.Write(n.buf)
	return errors.Join(err, err2)
}

func (n *npy) Close() error {
	if err := errors.Join(n.out.Flush(), n.ids.Flush()); err != nil || n.Head() == n.begun {
		return err
	}
	if _, err := n.to.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.WriteString(n.to, n.Head())
	return err
}
