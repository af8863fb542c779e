package batchfile_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/providers/batchapi"
	"github.com/vecspace/embedding/providers/internal/batchfile"
)

// A file has its lines in order, however it is read, and as many bytes as it says.
func TestFile(t *testing.T) {
	f := batchfile.File{
		Lines: []batchapi.Line{{ID: "1", Text: "a"}, {ID: "2", Text: strings.Repeat("b", 5000)}, {ID: "3"}},
		Write: func(dst []byte, l batchapi.Line) []byte { return append(dst, l.ID+l.Text+"\n"...) },
	}
	want := "1a\n2" + f.Lines[1].Text + "\n3\n"
	for range 2 {
		got, err := io.ReadAll(iotest.OneByteReader(f.Open()))
		expect.NoError(t, err)
		expect.Equal(t, "file", string(got), want)
	}
	expect.NoError(t, iotest.TestReader(f.Open(), []byte(want)))
	expect.Equal(t, "size", f.Size(), int64(len(want)))
}

// Blank lines are none, the last line may lack its end, and what breaks off is told from what ends.
func TestEach(t *testing.T) {
	broke := errors.New("broke off")
	for in, c := range map[string]struct {
		lines int
		cut   bool
	}{"": {}, "\n \r\n": {}, "a\r\nb": {2, false}, "a\nbad\nb\n": {2, true}} {
		for _, err := range []error{nil, broke} {
			r := io.Reader(strings.NewReader(in))
			if err != nil {
				r = io.MultiReader(r, iotest.ErrReader(err))
			}
			lines, cut, got := batchfile.Each(r, func(line []byte) bool { return string(line) != "bad" })
			if lines != c.lines || cut != c.cut || got != err {
				t.Errorf("%q, %v: got %d, %t and %v, want %+v", in, err, lines, cut, got, c)
			}
		}
	}
}
