// Package rows reads texts with their ids from lines, JSONL, CSV and TSV, and writes vectors with
// those ids as JSONL, CSV and NumPy's .npy. It streams: memory does not depend on the length of a
// file.
package rows

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vecspace/embedding/internal/plain"
)

// Bounds of what is read, in bytes.
const (
	MaxText   = 1 << 20  // of a text: far more than any model takes
	MaxRecord = 16 << 20 // of a record with all its fields
)

// Format is how the records of a file are written. "" tells it from the beginning of the file.
type Format string

// The formats. The first record of CSV and TSV names the fields.
const (
	Lines Format = "lines"
	JSONL Format = "jsonl"
	CSV   Format = "csv"
	TSV   Format = "tsv"
)

// Formats has all of them but those of [Parts].
var Formats = []Format{Lines, JSONL, CSV, TSV}

// Options choose the text and the id of a record. Lines have no fields.
type Options struct {
	Format   Format
	Field    string // the field with the text; in JSONL a.b is b in the object a
	Template string // instead of Field: a text with {field} in it
	ID       string // the field with the id; "" means none
	Parts    *Parts // what other modules read; may be nil
}

// Row is a record.
type Row struct {
	Index int    // from 0; blank lines of JSONL and empty ones of CSV do not count
	Line  int    // where the record begins, from 1; of a [Table] the record's number
	ID    string // "" unless Options.ID is given
	Text  string
	Err   error // why the record cannot be embedded, with its line; may be nil
}

// Reader reads records.
type Reader struct {
	Row Row   // the record that Next read
	Err error // what ended the input, unless that is its end

	format Format
	parts  []part
	id     string
	lines  *plain.Lines // of all formats but CSV
	csv    *csv.Reader
	cap    *capped
	header []string
	line   int // where the record begins
	fields map[string]json.RawMessage
	next   int // index

	foreign Table // of a format of Parts, whose fields are header
	cells   [][]byte

	// Of a Reader that OpenFile made; see place.go.
	file  io.ReadSeeker
	asked Options
	whole bool  // it can only be read from its beginning
	mark  int64 // bytes of a byte order mark
	base  Place // where r.csv began
	ended int   // lines of r.csv so far
}

// NewReader begins to read. The input is UTF-8, or UTF-16 that begins with a byte order mark, and
// may be compressed with gzip. The error is about the options, the header or the format.
func NewReader(in io.Reader, o Options) (*Reader, error) {
	r := &Reader{format: o.Format, id: o.ID}
	if err := r.choose(o); err != nil {
		return nil, err
	}
	if o.Parts.knows(r.format) {
		return nil, fmt.Errorf("the format %s needs a file, in which any place can be read", r.format)
	}
	text, err := inflated(in, o.Parts)
	if err != nil {
		return nil, err
	}
	b := bufio.NewReaderSize(plain.NewReader(text), 64<<10)
	if r.format == "" {
		head, err := r.tell(b)
		if err != nil {
			return nil, err
		}
		text = io.MultiReader(strings.NewReader(head), b)
	} else {
		text = b
	}
	if (r.format == Lines) != (len(r.parts) == 0) {
		return nil, errors.New("a field is needed for the text of each record, or a template of several")
	}
	switch r.format {
	case Lines:
		r.lines = plain.LinesFrom(text, MaxText, 0, 0)
		return r, nil
	case CSV:
		r.cap = &capped{in: text, left: MaxRecord}
		r.csv = csv.NewReader(r.cap)
		r.csv.FieldsPerRecord = -1
	default:
		r.lines = plain.LinesFrom(text, MaxRecord, 0, 0)
		if r.format == JSONL {
			return r, nil
		}
	}
	return r, r.head()
}

// choose reads the options.
func (r *Reader) choose(o Options) error {
	switch {
	case string(o.Format) == parquet.name && !o.Parts.knows(o.Format):
		return parquet.missing()
	case o.Format != "" && !slices.Contains(Formats, o.Format) && !o.Parts.knows(o.Format):
		return fmt.Errorf("there is no format %q; there are %v", o.Format, o.Parts.names())
	case o.Field != "" && o.Template != "":
		return errors.New("both a field and a template say what the text is: leave one out")
	case o.Format == Lines && (o.Field != "" || o.Template != "" || o.ID != ""):
		return errors.New("lines have no fields: choose jsonl, csv or tsv")
	case o.ID != "" && o.Field == "" && o.Template == "":
		return errors.New("a field is needed for the text of each record, or a template of several")
	case o.Field != "":
		r.parts = []part{{o.Field, true}}
	}
	var err error
	if o.Template != "" {
		r.parts, err = template(o.Template)
	}
	return err
}

// inflated returns what in holds, decompressed if it is gzip, or zstd and there is a part for it.
func inflated(in io.Reader, p *Parts) (io.Reader, error) {
	b := bufio.NewReader(in)
	switch {
	case begins(b, gzipMagic):
		return gzip.NewReader(b)
	case begins(b, zstd.magic):
		if p == nil || p.Inflate[zstd.name] == nil {
			return nil, zstd.missing()
		}
		return p.Inflate[zstd.name](b)
	case begins(b, parquet.magic):
		return nil, parquet.missing()
	}
	return b, nil
}

const gzipMagic = "\x1f\x8b"

// begins reports whether an input begins with these bytes. It reads no further than they agree, so
// that a line of a terminal is not waited for. Reading meets an error again.
func begins(b *bufio.Reader, magic string) bool {
	for n := range len(magic) {
		if head, err := b.Peek(n + 1); err != nil || head[n] != magic[n] {
			return false
		}
	}
	return true
}

// tell sets the format by the beginning of the input, which it returns. It reads a second line only
// where the first may be the header of a table.
func (r *Reader) tell(in *bufio.Reader) (head string, err error) {
	first := line(in)
	for head = first; strings.TrimSpace(first) == "" && strings.HasSuffix(first, "\n") && len(head) < 64<<10; head += first {
		first = line(in)
	}
	trimmed := strings.TrimLeft(strings.TrimSpace(first), plain.Mark)
	object := strings.HasPrefix(trimmed, "{") && json.Valid([]byte(trimmed))
	switch tab := strings.Contains(first, "\t"); {
	case len(r.parts) > 0 && strings.HasPrefix(trimmed, "["):
		return head, errArray
	case len(r.parts) > 0 && strings.HasPrefix(trimmed, "{"):
		r.format = JSONL
	case len(r.parts) > 0 && tab:
		r.format = TSV
	case len(r.parts) > 0:
		r.format = CSV
	case object || strings.HasPrefix(trimmed, "[") && (trimmed == "[" || strings.HasPrefix(trimmed, "[{")), trimmed == "{":
		return head, errors.New("the input looks like JSON: name the field of the text, or say that it is lines")
	case slices.ContainsFunc(commas, func(comma string) bool { return names(strings.Split(trimmed, comma)) }):
		second := line(in)
		head += second
		for _, comma := range commas {
			if fields := strings.Split(trimmed, comma); names(fields) && strings.Count(second, comma) >= len(fields)-1 {
				return head, fmt.Errorf("the input looks like a table with the fields %s: name the field of the text, or say that it is lines",
					strings.Join(fields, ", "))
			}
		}
		r.format = Lines
	default:
		r.format = Lines
	}
	return head, nil
}

// commas separate the fields of tables. Those with semicolons are noticed, and not read.
var commas = []string{"\t", ",", ";"}

var errArray = errors.New("the input is a JSON array: write one object a line (jq -c '.[]' does)")

// line reads a line, or a part if it is long. An error is met again by the next reader.
func line(in *bufio.Reader) string {
	b, _ := in.ReadSlice('\n')
	return string(b)
}

// names reports whether the first line's fields look like the names of columns.
func names(fields []string) bool {
	seen := map[string]bool{}
	for _, f := range fields {
		f = strings.Trim(f, `"`)
		if f == "" || len(f) > 64 || seen[f] || f != strings.TrimSpace(f) || strings.Count(f, " ") > 2 || unicode.IsDigit([]rune(f)[0]) ||
			strings.ContainsFunc(f, func(c rune) bool {
				return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("_-. ", c)
			}) {
			return false
		}
		seen[f] = true
	}
	return len(fields) > 1
}

// Next reads a record and reports whether there is one.
func (r *Reader) Next() bool {
	r.Row = Row{}
	why, ok := r.read()
	if !ok {
		return false
	}
	r.Row.Index, r.Row.Line = r.next, r.line
	r.next++
	if why == "" {
		why = r.fill()
	}
	if why != "" {
		r.Row.Err = fmt.Errorf("%s %d %s", r.unit(), r.line, why)
	}
	return true
}

// unit is what Row.Line counts.
func (r *Reader) unit() string {
	if r.foreign != nil {
		return "record"
	}
	return "line"
}

// read reads the fields of a record, or why it has none, in words that follow its line.
func (r *Reader) read() (why string, ok bool) {
	if r.foreign != nil {
		return r.foreignRecord()
	}
	if r.csv != nil {
		values, why, ok := r.record()
		if ok && why == "" {
			why = r.table(values)
		}
		return why, ok
	}
	for r.lines.Next() {
		text := r.lines.Text
		if r.line = r.lines.Number; r.lines.Why != "" {
			return r.lines.Why, true
		}
		switch r.format {
		case Lines:
			r.Row.Text = text
			return "", true
		case TSV:
			if text == "" && len(r.header) > 1 {
				continue
			}
			return r.table(tabs(text)), true
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		switch {
		case !utf8.ValidString(text):
			return plain.Unfit(text), true
		case r.next == 0 && text[0] == '[':
			r.Err = errArray
			return "", false
		}
		r.fields = nil
		if err := json.Unmarshal([]byte(text), &r.fields); err != nil || r.fields == nil {
			return "is not a JSON object", true
		}
		return "", true
	}
	if r.lines.Err != nil {
		r.Err = fmt.Errorf("reading line %d: %w", r.lines.Number+1, r.lines.Err)
	}
	return "", false
}

// record reads a record of CSV.
func (r *Reader) record() (values []string, why string, ok bool) {
	r.cap.left = MaxRecord
	values, err := r.csv.Read()
	wrong, parse := errors.AsType[*csv.ParseError](err)
	if parse {
		r.ended = wrong.Line
	}
	switch {
	case parse && wrong.Err == csv.ErrQuote && wrong.Line > wrong.StartLine:
		r.line = r.base.Line + wrong.StartLine
		return nil, fmt.Sprintf("begins a record whose quotes are not closed, as line %d shows: what is between them is lost", r.base.Line+wrong.Line), true
	case parse:
		r.line = r.base.Line + wrong.StartLine
		return nil, fmt.Sprintf("is not CSV: %v", wrong.Err), true
	case errors.Is(err, io.EOF):
		return nil, "", false
	case err != nil:
		r.Err = fmt.Errorf("reading behind line %d: %w", r.line, err)
		return nil, "", false
	}
	r.line, _ = r.csv.FieldPos(0)
	r.line += r.base.Line
	r.ended, _ = r.csv.FieldPos(len(values) - 1)
	r.ended += strings.Count(values[len(values)-1], "\n")
	return values, "", true
}

// capped reads at most left bytes more, so that a quote which is not closed does not take all
// memory.
type capped struct {
	in   io.Reader
	left int
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, fmt.Errorf("the record is longer than %d bytes: is a quote not closed?", MaxRecord)
	}
	n, err := c.in.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// tabs splits a line of TSV. A field may be in quotes, as spreadsheets write it.
func tabs(text string) []string {
	values := strings.Split(text, "\t")
	for i, v := range values {
		if n := len(v); n >= 2 && v[0] == '"' && v[n-1] == '"' {
			values[i] = strings.ReplaceAll(v[1:n-1], `""`, `"`)
		}
	}
	return values
}

// head reads the header of a table. It names each field that is asked for, once.
func (r *Reader) head() error {
	why := ""
	if r.csv != nil {
		r.header, why, _ = r.record()
	} else {
		for r.header == nil && r.lines.Next() {
			if why = r.lines.Why; why == "" && r.lines.Text != "" {
				r.header = tabs(r.lines.Text)
			}
		}
		r.Err = r.lines.Err
	}
	switch {
	case r.Err != nil:
		return r.Err
	case why != "":
		return fmt.Errorf("the header %s", why)
	case r.header == nil:
		return nil // nothing to read
	}
	for i, name := range r.header {
		r.header[i] = strings.TrimLeft(strings.TrimSpace(name), plain.Mark)
	}
	for _, name := range r.wanted() {
		n := 0
		for _, have := range r.header {
			if have == name {
				n++
			}
		}
		if n != 1 {
			return fmt.Errorf("the header has the field %q %d times: it has %q", name, n, r.header)
		}
	}
	return nil
}

func (r *Reader) wanted() (names []string) {
	for _, p := range r.parts {
		if p.field {
			names = append(names, p.text)
		}
	}
	if r.id != "" {
		names = append(names, r.id)
	}
	return names
}

// table takes the values of a record.
func (r *Reader) table(values []string) (why string) {
	if len(values) != len(r.header) {
		return fmt.Sprintf("has %d fields and the header has %d", len(values), len(r.header))
	}
	var text strings.Builder
	of := func(name string) string { return values[slices.Index(r.header, name)] }
	for _, p := range r.parts {
		if p.field {
			text.WriteString(of(p.text))
		} else {
			text.WriteString(p.text)
		}
	}
	r.Row.Text = text.String()
	if r.id != "" {
		r.Row.ID = of(r.id)
	}
	return ""
}

// fill takes the fields of an object, and checks text and id.
func (r *Reader) fill() (why string) {
	if r.format == JSONL || r.foreign != nil {
		if why = r.object(); why != "" {
			return why
		}
	}
	if len(r.parts) > 1 && r.hollow() {
		return "has nothing in any field of the template"
	}
	text := r.Row.Text
	if r.format != Lines { // of which plain.Lines has seen each
		if r.Row.Text, why = plain.Line(text); why != "" {
			return why
		}
	}
	if len(text) > MaxText {
		r.Row.Text = ""
		return fmt.Sprintf("is longer than %d bytes: split it", MaxText)
	}
	if why = plain.Unfit(r.Row.Text); why != "" {
		return why
	}
	switch id := r.Row.ID; {
	case r.id == "":
	case strings.TrimSpace(id) == "":
		return fmt.Sprintf("has no id: its field %q is empty", r.id)
	case !utf8.ValidString(id) || strings.ContainsFunc(id, func(c rune) bool { return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' }):
		return "has an id with a line break, another control character, or bytes that are not UTF-8"
	}
	return ""
}

// hollow reports whether a template has only its own words.
func (r *Reader) hollow() bool {
	own := 0
	for _, p := range r.parts {
		if !p.field {
			own += len(p.text)
		}
	}
	return len(r.Row.Text) == own
}

// object takes the values of a JSON object, or of a record of a Table.
func (r *Reader) object() (why string) {
	var text strings.Builder
	for _, p := range r.parts {
		value := p.text
		if p.field {
			var null bool
			value, null, why = r.value(p.text)
			if null && len(r.parts) == 1 {
				why = fmt.Sprintf("has null in its field %q", p.text)
			}
			if why != "" {
				return why
			}
		}
		text.WriteString(value)
	}
	r.Row.Text = text.String()
	if r.id != "" {
		r.Row.ID, _, why = r.value(r.id)
	}
	return why
}

// value returns a string, or a number or a bool as it stands. null is "".
func (r *Reader) value(name string) (value string, null bool, why string) {
	if r.foreign != nil {
		value, null = r.cell(name)
		return value, null, ""
	}
	raw, ok := r.fields[name]
	for inner, rest := r.fields, name; !ok && strings.Contains(rest, "."); {
		var key string
		key, rest, _ = strings.Cut(rest, ".")
		var next map[string]json.RawMessage
		if json.Unmarshal(inner[key], &next) != nil {
			break
		}
		inner = next
		raw, ok = inner[rest]
	}
	switch {
	case !ok:
		return "", false, fmt.Sprintf("has no field %q", name)
	case raw[0] == '"':
		if err := json.Unmarshal(raw, &value); err != nil {
			return "", false, "is not a JSON object" // the decoder has checked it
		}
		return value, false, ""
	case bytes.Equal(raw, []byte("null")):
		return "", true, ""
	case raw[0] == '{' || raw[0] == '[':
		return "", false, fmt.Sprintf("has an object or a list in its field %q", name)
	}
	return string(raw), false, ""
}

// part is a piece of a template: a field's name or a text.
type part struct {
	text  string
	field bool
}

// template reads a template. {{ and }} are braces, \n and \t line feeds and tabs.
func template(s string) (parts []part, err error) {
	var text strings.Builder
	fields := 0
	for len(s) > 0 {
		switch {
		case strings.HasPrefix(s, "{{") || strings.HasPrefix(s, "}}"):
			text.WriteByte(s[0])
			s = s[2:]
		case strings.HasPrefix(s, `\n`), strings.HasPrefix(s, `\t`), strings.HasPrefix(s, `\\`):
			text.WriteString(map[byte]string{'n': "\n", 't': "\t", '\\': `\`}[s[1]])
			s = s[2:]
		case s[0] == '{':
			name, rest, closed := strings.Cut(s[1:], "}")
			if !closed || name == "" {
				return nil, errors.New("the template has { without a field's name and }: write {{ for a brace")
			}
			if text.Len() > 0 {
				parts = append(parts, part{text: text.String()})
				text.Reset()
			}
			parts = append(parts, part{name, true})
			fields++
			s = rest
		case s[0] == '}':
			return nil, errors.New("the template has } without {: write }} for a brace")
		default:
			text.WriteByte(s[0])
			s = s[1:]
		}
	}
	if text.Len() > 0 {
		parts = append(parts, part{text: text.String()})
	}
	if fields == 0 {
		return nil, errors.New("the template has no field: write its name in braces, such as {title}")
	}
	return parts, nil
}
