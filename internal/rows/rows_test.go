package rows

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vecspace/embedding/internal/expect"
)

// read returns what a Reader reads: a line "id|text" or "!error" each, and what ended it.
func read(t *testing.T, in io.Reader, o Options) (out []string, err error) {
	t.Helper()
	r, err := NewReader(in, o)
	if err != nil {
		return nil, err
	}
	for n := 0; r.Next(); n++ {
		expect.Equal(t, "index", r.Row.Index, n)
		if r.Row.Err != nil {
			out = append(out, "!"+r.Row.Err.Error())
		} else {
			out = append(out, r.Row.ID+"|"+r.Row.Text)
		}
	}
	return out, r.Err
}

func TestReader(t *testing.T) {
	field := Options{Field: "text", ID: "id"}
	titled := Options{Template: `{title}:\n{text} {{x}}`}
	for name, c := range map[string]struct {
		in   string
		o    Options
		want []string
		err  string
	}{
		"lines":                    {in: "a\r\nb\n\nc\xff", want: []string{"|a", "|b", "!line 3 is empty", "!line 4 is not valid UTF-8"}},
		"nothing":                  {},
		"nothing with a field":     {o: field},
		"prose with commas":        {in: "well, yes\nno, never", want: []string{"|well, yes", "|no, never"}},
		"one line with a comma":    {in: "name,text", want: []string{"|name,text"}},
		"JSON in the middle":       {in: "a\n{\"a\":1}", want: []string{"|a", `|{"a":1}`}},
		"no JSON":                  {in: "{braces}\n[1] a note", want: []string{"|{braces}", "|[1] a note"}},
		"JSONL as lines":           {in: "\n {\"text\":\"a\"}\n", err: "looks like JSON"},
		"marked JSONL as lines":    {in: "\ufeff{\"text\":\"a\"}\n", err: "looks like JSON"},
		"an array as lines":        {in: "[\n{}]", err: "looks like JSON"},
		"CSV as lines":             {in: "id,text\n1,one\n", err: "a table with the fields id, text"},
		"quoted CSV as lines":      {in: "\"id\",\"some text\"\r\n1,\"one, two\"\r\n", err: "looks like a table"},
		"indented JSON as lines":   {in: "{\n  \"text\": 1\n}", err: "looks like JSON"},
		"semicolons as lines":      {in: "id;text\n1;a\n", err: "fields id, text"},
		"TSV as lines":             {in: "id\ttext\n1\tone\n", err: "looks like a table"},
		"Chinese CSV as lines":     {in: "编号,文本\n1,你好\n", err: "looks like a table"},
		"CSV that is lines":        {in: "id,text\n1,one\n", o: Options{Format: Lines}, want: []string{"|id,text", "|1,one"}},
		"lines with a field":       {o: Options{Format: Lines, Field: "a"}, err: "lines have no fields"},
		"an id alone":              {o: Options{ID: "a"}, err: "a field is needed"},
		"a format alone":           {o: Options{Format: CSV}, err: "a field is needed"},
		"no such format":           {o: Options{Format: "xml"}, err: `there is no format "xml"`},
		"both":                     {o: Options{Field: "a", Template: "{a}"}, err: "leave one out"},
		"JSONL":                    {in: "{\"id\":9007199254740993,\"text\":\"a\\nb\"}\n\n{\"id\":\"x\",\"text\":true}", o: field, want: []string{"9007199254740993|a\nb", "x|true"}},
		"compressed JSONL":         {in: zipped(`{"id":1,"text":"a"}`), o: field, want: []string{"1|a"}},
		"compressed and cut":       {in: zipped("a")[:14], err: "unexpected EOF"},
		"nested":                   {in: `{"m":{"a":{"b":"deep"}},"m.x":"flat"}`, o: Options{Template: "{m.a.b} {m.x}"}, want: []string{"|deep flat"}},
		"an array":                 {in: "[{\"text\":1}]", o: field, err: "jq -c"},
		"an array called JSONL":    {in: "[{\"text\":1}]", o: Options{Format: JSONL, Field: "text"}, err: "jq -c"},
		"a template":               {in: "title,text\nA,b\n,\nC,", o: titled, want: []string{"|A:\nb {x}", "!line 3 has nothing in any field", "|C:\n {x}"}},
		"null in a template":       {in: `{"title":null,"text":"b"}`, o: titled, want: []string{"|:\nb {x}"}},
		"open brace":               {o: Options{Template: "{a"}, err: "write {{"},
		"closed brace":             {o: Options{Template: "a}"}, err: "write }}"},
		"no field":                 {o: Options{Template: "a"}, err: "has no field"},
		"CSV":                      {in: "\ufeff\"id\",text\n1,\"a, \"\"b\"\"\nc\"\n\n2,d\n", o: field, want: []string{"1|a, \"b\"\nc", "2|d"}},
		"UTF-16 CSV":               {in: "\xff\xfei\x00d\x00,\x00t\x00e\x00x\x00t\x00\n\x001\x00,\x00a\x00", o: field, want: []string{"1|a"}},
		"TSV":                      {in: "id\ttext\n1\t\"a \"\"b\"\"\"\n\n2\tit's 5\" wide\n3\t\"open\n", o: field, want: []string{`1|a "b"`, `2|it's 5" wide`, `3|"open`}},
		"TSV of one field":         {in: "text\na\n\nb", o: Options{Format: TSV, Field: "text"}, want: []string{"|a", "!line 3 is empty", "|b"}},
		"no such field":            {in: "a;b\n1;2", o: field, err: `the field "text" 0 times: it has ["a;b"]`},
		"a field twice":            {in: "id,text,text\n1,2,3", o: field, err: `the field "text" 2 times`},
		"a header with open quote": {in: "\"id,text\n1,2", o: field, err: "the header"},
		"stray quotes":             {in: "id,text\n1,a \"b\" c\n2,d\n", o: field, want: []string{"!line 2 is not CSV", "2|d"}},
		"a quote left open":        {in: "id,text\n1,a\n2,\"b\n3,c\n", o: field, want: []string{"1|a", "!line 3 begins a record whose quotes are not closed"}},
		"ids": {in: "id,text\n,a\n\"x\ny\",b\nz\x00,c\n 1 ,d\n\xff,e", o: field,
			want: []string{"!line 2 has no id", "!line 3 has an id with a line break", "!line 5 has an id with", " 1 |d", "!line 7 has an id with"}},
		"bad texts": {in: "id,text\n1,\n2,  \n3,a\x00b\n4,\xe9\n5\n6,a,b", o: field,
			want: []string{"!line 2 is empty", "!line 3 is blank", "!line 4 holds a NUL", "!line 5 is not valid UTF-8", "!line 6 has 1 fields and the header has 2", "!line 7 has 3"}},
		"bad objects": {in: "{\"text\":\"a\"}\n{\"id\":1}\n{\"id\":1,\"text\":null}\n{\"id\":1,\"text\":[1]}\n{\"id\":1,\n7\nnull\n{\"id\":{},\"text\":\"a\"}\n{\"id\":1,\"text\":\"\\u0000\"}\n{\"id\":1,\"text\":\"\xff\"}", o: field,
			want: []string{`!line 1 has no field "id"`, `!line 2 has no field "text"`, "!line 3 has null", "!line 4 has an object or a list", "!line 5 is not a JSON object",
				"!line 6 is not a JSON object", "!line 7 is not a JSON object", "!line 8 has an object", "!line 9 holds a NUL", "!line 10 is not valid UTF-8"}},
		"long texts": {in: "text,id\n" + strings.Repeat("x", MaxText) + ",1\n" + strings.Repeat("x", MaxText+1) + ",2\na,3", o: field,
			want: []string{"1|xxx", "!line 3 is longer than 1048576 bytes", "3|a"}},
		"a long JSON line": {in: `{"id":1,"text":"` + strings.Repeat("x", MaxRecord) + "\"}\n{\"id\":2,\"text\":\"a\"}", o: field, want: []string{"!line 1 is longer than 16777216 bytes", "2|a"}},
		"a quote that takes all": {in: "id,text\n1,a\n2,\"" + strings.Repeat(strings.Repeat("x", 1<<10)+"\n", MaxRecord>>10), o: field,
			want: []string{"1|a"}, err: "is a quote not closed?"},
	} {
		for kind, in := range map[string]io.Reader{"whole": strings.NewReader(c.in), "halves": iotest.HalfReader(strings.NewReader(c.in))} {
			got, err := read(t, in, c.o)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s in %s: got the error %v, want %q", name, kind, err, c.err)
			}
			if len(got) != len(c.want) {
				t.Errorf("%s in %s: got %.300q, want %q", name, kind, got, c.want)
				continue
			}
			for i, want := range c.want {
				if !strings.HasPrefix(got[i], want) || want[0] != '!' && len(got[i]) < MaxText && got[i] != want {
					t.Errorf("%s in %s: got %.300q, want %q", name, kind, got[i], want)
				}
			}
		}
	}
}

// What ends the input is told with its place, after the records before it.
func TestReaderMeetsErrors(t *testing.T) {
	gone := errors.New("the disk is gone")
	for in, want := range map[string]string{
		"a\nb\ncu": "line 3", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n{": "line 3", "text,x\na,1\nb,2\nc": "behind line 3", "text\tx\na\t1\nb\t2\nc": "line 4",
	} {
		o := Options{Field: "text"}
		if in[0] == 'a' {
			o = Options{}
		}
		got, err := read(t, io.MultiReader(strings.NewReader(in), iotest.ErrReader(gone)), o)
		if len(got) != 2 || !errors.Is(err, gone) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q and the error %v, want two records and %v at %s", in, got, err, gone, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	for i, in := range []string{"a\nb", `{"id":1,"text":"a"}`, "id,text\n1,\"a\n\"", "id\ttext\n1\ta", "\xff\xfea\x00"} {
		f.Add([]byte(in), uint8(i), "{id}{text}")
	}
	f.Fuzz(func(t *testing.T, in []byte, format uint8, form string) {
		o := Options{Format: append([]Format{""}, Formats...)[int(format)%5], Template: form, ID: "id"}
		if o.Format == Lines {
			o.Template, o.ID = "", ""
		}
		r, err := NewReader(bytes.NewReader(in), o)
		if err != nil {
			return
		}
		line := 0
		for r.Next() {
			if r.Row.Line < line || r.Row.Err == nil && (strings.TrimSpace(r.Row.Text) == "" || strings.ContainsAny(r.Row.ID, "\r\n") || o.ID != "" && r.Row.ID == "") {
				t.Errorf("got the row %+v after line %d, want a text with its id", r.Row, line)
			}
			line = r.Row.Line
		}
	})
}
