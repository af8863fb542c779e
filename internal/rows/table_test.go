package rows

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// words is a table whose records are the lines of a file, "id text", where - is null.
type words struct {
	lines  []string
	fields []string
	next   int
}

func openWords(file io.ReaderAt, size int64, fields []string) (Table, error) {
	data, err := io.ReadAll(io.NewSectionReader(file, 0, size))
	return &words{lines: strings.Split(string(data), "\n"), fields: fields}, err
}

func (w *words) Next() (cells [][]byte, err error) {
	if w.next == len(w.lines) {
		return nil, io.EOF
	}
	id, text, ok := strings.Cut(w.lines[w.next], " ")
	if !ok {
		return nil, errors.New("it has one word")
	}
	for _, f := range w.fields {
		switch cell := map[string]string{"id": id, "text": text}[f]; cell {
		case "-":
			cells = append(cells, nil)
		default:
			cells = append(cells, []byte(cell))
		}
	}
	w.next++
	return cells, nil
}

func (w *words) Seek(record int) error {
	w.next = record
	return nil
}

// withWords has the format words, and of zstd a reader that changes nothing.
func withWords() *Parts {
	return &Parts{
		Tables:  map[string]func(io.ReaderAt, int64, []string) (Table, error){"words": openWords, "parquet": openWords},
		Inflate: map[string]func(io.Reader) (io.Reader, error){"zstd": func(in io.Reader) (io.Reader, error) { return in, nil }},
	}
}

// TestTable: a table's records are read and checked as those of other formats, from any place.
func TestTable(t *testing.T) {
	const file = "1 a\n2 -\n3 b\xff\n- c\n5 d e"
	r, err := NewFile(strings.NewReader(file), Options{Format: "words", Template: "{text}.", ID: "id", Parts: withWords()})
	expect.NoError(t, err)
	var got []string
	for r.Next() {
		line := fmt.Sprint(r.Row.Index, " ", r.Row.Err)
		if r.Row.Err == nil {
			line = fmt.Sprint(r.Row.Index, " ", r.Row.ID, " ", r.Row.Text)
		}
		got = append(got, line)
	}
	expect.NoError(t, r.Err)
	expect.Equal(t, "records", strings.Join(got, "\n"), `0 1 a.
1 record 2 has nothing in any field of the template
2 record 3 is not valid UTF-8: decode it from its own encoding first
3 record 4 has no id: its field "id" is empty
4 5 d e.`)
	expect.NoError(t, r.Go(Place{Offset: -1, Index: 4}))
	expect.Equal(t, "a record by its place", r.Next() && r.Row.Text == "d e." && r.Row.Index == 4, true)
	expect.Equal(t, "the place behind it", r.Place(), Place{Offset: -1, Index: 5})
	r, err = NewFile(strings.NewReader("1 -\nx\n"), Options{Format: "words", Field: "text", Parts: withWords()})
	expect.NoError(t, err)
	expect.Equal(t, "null", r.Next() && strings.Contains(fmt.Sprint(r.Row.Err), `record 1 has null in its field "text"`), true)
	expect.Equal(t, "a damaged record", r.Next(), false)
	expect.Equal(t, "why", fmt.Sprint(r.Err), "reading record 2: it has one word")
}

// Files of formats that other modules read are known by their beginning, and without these modules
// the error names the build that has them. Text that begins alike is text.
func TestForeignFiles(t *testing.T) {
	const file = "PAR1\x15 a"
	field := Options{Field: "text"}
	with := field
	with.Parts = withWords()
	r, err := NewFile(strings.NewReader(file), with)
	expect.NoError(t, err)
	expect.Equal(t, "a Parquet file", r.Next() && r.Row.Text == "a", true)
	for name, c := range map[string]struct {
		in   string
		o    Options
		want string
	}{
		"Parquet":              {file, field, "is a Parquet file, which is read by vecspace job of the full build"},
		"Parquet by its name":  {"", Options{Format: "parquet", Field: "text"}, "is a Parquet file"},
		"zstd":                 {"\x28\xb5\x2f\xfd", field, "is compressed with zstd, which is read by vecspace job of the full build"},
		"no such format":       {"", Options{Format: "words", Field: "text"}, `there is no format "words"; there are [lines jsonl csv tsv]`},
		"none of the module's": {"", Options{Format: "arrow", Field: "text", Parts: withWords()}, "[lines jsonl csv tsv parquet words]"},
		"without a field":      {file, Options{Parts: withWords()}, "a field is needed"},
	} {
		_, err := NewFile(strings.NewReader(c.in), c.o)
		expect.Says(t, name, err, c.want)
		if _, err := NewReader(strings.NewReader(c.in), c.o); err == nil {
			t.Errorf("%s in a stream: got no error", name)
		}
	}
	for _, text := range []string{"PAR1 is a magic", "(\xb5", "PAR1"} {
		r, err := NewFile(strings.NewReader(text), Options{Parts: withWords()})
		expect.NoError(t, err)
		expect.Equal(t, "the format of "+text, r.Next() && r.Format() == Lines, true)
	}
	_, err = NewReader(strings.NewReader(""), Options{Format: "words", Field: "text", Parts: withWords()})
	expect.Equal(t, "a table in a stream", strings.Contains(fmt.Sprint(err), "needs a file"), true)
}
