package plain

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vecspace/embedding/internal/expect"
)

func TestLines(t *testing.T) {
	gone := errors.New("the disk is gone")
	in := NewLines(io.MultiReader(strings.NewReader("\ufeffa\r\n\ntoo long\nb\x00\ncut"), iotest.ErrReader(gone)), 4)
	type line struct{ text, why string }
	for i, want := range []line{{"a", ""}, {"", ""}, {"", "longer than 4 bytes"}, {"b\x00", "a NUL"}} {
		if !in.Next() || in.Number != i+1 || in.Text != want.text || !strings.Contains(in.Why, want.why) || (want.why == "") != (in.Why == "") {
			t.Errorf("got line %d, %q that %q, want line %d, %q that %q", in.Number, in.Text, in.Why, i+1, want.text, want.why)
		}
	}
	expect.Equal(t, "a further line", in.Next(), false)
	expect.Equal(t, "error", in.Err, gone)
	expect.Equal(t, "a line after the end", in.Next(), false)
	last := NewLines(strings.NewReader("a\nb"), 4)
	for last.Next() {
	}
	expect.Equal(t, "lines", last.Number, 2)
	expect.NoError(t, last.Err)
}
