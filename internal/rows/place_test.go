package rows

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// A record read from its place, in any order, is the one that a reader of the whole file meets.
func TestGo(t *testing.T) {
	field := Options{Field: "t", ID: "id"}
	for name, c := range map[string]struct {
		text string
		o    Options
		cut  bool
	}{
		"lines":                 {"a\r\nb\n\nc\xff\n\xff\xfed\ne", Options{}, true},
		"marked lines":          {"\ufeffa\n\ufeffb\nc\n", Options{}, true},
		"lines marked twice":    {"\ufeff\ufeffab\ncd\nef", Options{}, true},
		"JSONL marked twice":    {"\ufeff\ufeff{\"t\":\"a\"}\n{\"t\":\"b\"}\n{\"t\":\"c\"}", Options{Field: "t"}, true},
		"TSV marked twice":      {"\ufeff\ufeffid\tt\n1\ta\n2\tb\n3\tc\n", field, true},
		"two kinds of marks":    {"\ufeff\xff\xfea\x00\nb\nc", Options{}, true},
		"JSONL":                 {"{\"t\":\"a\",\"id\":1}\n\n{\"t\":1}\nx\n{\"t\":\"b\",\"id\":\"é\"}", field, true},
		"marked TSV":            {"\ufeffid\tt\n1\ta\n\n2\n3\t\"b\"\"\"\n", field, true},
		"CSV":                   {"id,t\n1,\"a\nb\r\nc\"\n\n2\n3,d\"e\n4,\"f\",5\n6,g\n7,\"h", field, true},
		"marked CSV":            {"\ufeff\"id\",t\r\n1,a\r\n2,\"b\r\nb\"\r\n3,c", field, true},
		"UTF-16":                {"\xff\xfea\x00\n\x00b\x00\n\x00c\x00", Options{}, false},
		"gzip":                  {zipped("id,t\n1,a\n2,b\n3,c\n"), field, false},
		"nothing behind a mark": {"\ufeff", Options{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			file := strings.NewReader(c.text)
			r, err := NewFile(file, c.o)
			expect.NoError(t, err)
			var places []Place
			var want []string
			for {
				at := r.Place()
				if !r.Next() {
					break
				}
				places, want = append(places, at), append(want, fmt.Sprint(r.Row))
			}
			again, err := NewFile(bytes.NewReader([]byte(c.text)), c.o)
			expect.NoError(t, err)
			for _, step := range []int{1, len(places) - 1, 2} {
				for k := range places {
					i := k * max(step, 1) % len(places)
					expect.Equal(t, "can be cut", places[i].Offset >= 0, c.cut)
					expect.NoError(t, again.Go(places[i]))
					if !again.Next() {
						t.Fatalf("record %d: got none, want %s (ended by %v)", i, want[i], again.Err)
					}
					expect.Equal(t, "record", fmt.Sprint(again.Row), want[i])
				}
			}
		})
	}
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s)) // memory never fails
	_ = w.Close()
	return b.String()
}

// A file that has become shorter is an error that says so.
func TestGoBehindTheEnd(t *testing.T) {
	r, err := NewFile(strings.NewReader(zipped("a\nb\n")), Options{})
	expect.NoError(t, err)
	expect.Says(t, "the error", r.Go(Place{Offset: -1, Index: 3}), "ends behind its record 2")
}

// Whatever a file holds, each record read from its place is the one that was read in order.
func FuzzGo(f *testing.F) {
	for _, seed := range []string{"a\nb", "\ufeffid,t\r\n1,\"a\nb\"\n\n2,x\"y\n\"3\n", "id\tt\n1\ta\n", `{"t":"a"}`, "\xff\xfea\x00\n\x00", "\ufeff\ufeffab\ncd", "\ufeff\xff\xfea\x00\n\x00", "t\n\"a\n\"\"\n", "t,id\n\"a\" b,c\nd,e"} {
		for format := range byte(5) {
			f.Add([]byte(seed), format)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, format byte) {
		o := Options{Field: "t"}
		if n := int(format) % 5; n < len(Formats) {
			o.Format = Formats[n]
		}
		if o.Format == Lines || format%10 > 4 {
			o.Field = ""
		}
		r, err := NewFile(bytes.NewReader(data), o)
		if err != nil {
			return
		}
		var places []Place
		var want []string
		for at := r.Place(); r.Next(); at = r.Place() {
			places, want = append(places, at), append(want, fmt.Sprint(r.Row))
		}
		again, err := NewFile(bytes.NewReader(data), o)
		expect.NoError(t, err)
		for i := len(places) - 1; i >= 0 && i > len(places)-20; i-- {
			expect.NoError(t, again.Go(places[i]))
			if !again.Next() {
				t.Fatalf("record %d at %+v: got none, want %s (ended by %v)", i, places[i], want[i], again.Err)
			}
			expect.Equal(t, "record", fmt.Sprint(again.Row), want[i])
		}
	})
}
