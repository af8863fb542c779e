package embedding

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/vecspace/embedding/internal/expect"
	"github.com/vecspace/embedding/internal/plain"
)

func TestLines(t *testing.T) {
	e := Chain(fn{Model{Dimensions: 2}, lengths})
	long := strings.Repeat("x", maxLine+1)
	in := "\ufeffone\r\n\ntwo words\n" + long + "\n" + long[:maxLine] + "\r\nbad \xff\n" + long + long + "\n\ufefflast\n\ufeff\na\x00b"
	texts := []string{"one", "", "two words", "", long[:maxLine], "bad \xff", "", "last", "", "a\x00b"}
	var got []string
	for out, err := range Lines(t.Context(), e, iotest.HalfReader(strings.NewReader(in))) {
		expect.NoError(t, err)
		if n := len(got); out.Item.Number != n+1 || n < len(texts) && out.Item.Text != texts[n] {
			t.Errorf("line %d is number %d with a text of %d bytes", n+1, out.Item.Number, len(out.Item.Text))
		}
		if out.Err != nil {
			got = append(got, out.Err.Error())
		} else {
			got = append(got, fmt.Sprint(out.Vector[0]))
		}
	}
	expect.Equal(t, "lines", got, []string{
		"3", "embedding: text rejected: line 2 is empty: leave it out", "9",
		"embedding: text rejected: line 4 is longer than 1048576 bytes: split it", "1.048576e+06",
		"embedding: text rejected: line 6 is not valid UTF-8: decode it from its own encoding first",
		"embedding: text rejected: line 7 is longer than 1048576 bytes: split it", "4",
		"embedding: text rejected: line 9 is empty: leave it out",
		"embedding: text rejected: line 10 holds a NUL character: the input is binary, or UTF-16 or UTF-32 without a byte order mark",
	})
}

// TestLinesReadError: whole lines are embedded, the one cut short is not, and the error comes last.
func TestLinesReadError(t *testing.T) {
	e := Chain(fn{Model{Dimensions: 2}, lengths})
	n, last := 0, error(nil)
	for _, err := range Lines(t.Context(), e, io.MultiReader(strings.NewReader("a\nb\nc"), iotest.ErrReader(io.ErrClosedPipe))) {
		if n++; err != nil {
			last = err
		}
	}
	if n != 3 || !errors.Is(last, io.ErrClosedPipe) || !strings.Contains(last.Error(), "line 3") {
		t.Errorf("got %d yields and last %v, want 3 and an error of line 3", n, last)
	}
}

// TestLinesKeepTheirNumbers: a vector behind a line that failed for no fault of its own has its
// number.
func TestLinesKeepTheirNumbers(t *testing.T) {
	down := &Error{Kind: Unavailable}
	e := Chain(fn{Model{Dimensions: 2}, func(ctx context.Context, req Request) (Response, error) {
		m := NewMerger(len(req.Texts))
		for i, text := range req.Texts {
			if text == "unlucky" {
				m.Add([]int{i}, Response{}, down)
			} else {
				m.Set(i, []float32{1, 2})
			}
		}
		return m.Result()
	}})
	var got []int
	var last error
	for out, err := range Lines(t.Context(), e, strings.NewReader("a\nunlucky\n\nb\n")) {
		if last = err; err == nil {
			got = append(got, out.Item.Number)
		}
	}
	expect.Equal(t, "numbers", got, []int{1, 3, 4})
	if !errors.Is(last, Unavailable) {
		t.Errorf("the stream ended by %v, want Unavailable", last)
	}
}

// UTF-16 is decoded by its mark; of a line that is damaged only that line is bad.
func TestLinesOfUTF16(t *testing.T) {
	e := Chain(fn{Model{Dimensions: 2}, lengths})
	in := []byte{0xff, 0xfe}
	for _, unit := range append(utf16.Encode([]rune("é😀\r\nab\n")), 0xd800, '\n', 'c') {
		in = binary.LittleEndian.AppendUint16(in, unit)
	}
	var got []string
	for out, err := range Lines(t.Context(), e, iotest.OneByteReader(bytes.NewReader(in))) {
		expect.NoError(t, err)
		if got = append(got, out.Item.Text); (out.Err != nil) != (len(got) == 3) || len(got) == 3 && !strings.Contains(out.Err.Error(), "line 3 is not valid UTF-8") {
			t.Errorf("line %d: got the error %v, want one of line 3 alone", len(got), out.Err)
		}
	}
	expect.Equal(t, "lines", got, []string{"é😀", "ab", "\xff", "c"})
}

func FuzzLines(f *testing.F) {
	f.Add("a\n\r\n\nb")
	f.Add("\xff\x00\n")
	f.Add("\r")
	e := Chain(fn{Model{Dimensions: 2}, lengths})
	f.Fuzz(func(t *testing.T, in string) {
		if strings.HasPrefix(in, "\xff\xfe") || strings.HasPrefix(in, "\xfe\xff") {
			t.Skip("UTF-16, which internal/plain holds")
		}
		decoded := strings.TrimPrefix(in, "\ufeff")
		want := strings.Split(strings.TrimSuffix(decoded, "\n"), "\n")
		if decoded == "" {
			want = nil
		}
		n := 0
		for out, err := range Lines(t.Context(), e, strings.NewReader(in)) {
			if err != nil || n >= len(want) {
				t.Fatalf("got the error %v at line %d, want none and %d lines", err, n+1, len(want))
			}
			text := strings.TrimLeft(strings.TrimSuffix(want[n], "\r"), "\ufeff")
			bad := plain.Unfit(text) != "" || strings.Contains(text, "\x00") || strings.Contains(text, "\x1b$")
			if bad != (out.Err != nil) || out.Item.Text != text || out.Item.Number != n+1 || !bad && out.Vector[0] != float32(len(text)) {
				t.Fatalf("line %d: got %+v for %q", n+1, out, text)
			}
			n++
		}
		expect.Equal(t, "lines", n, len(want))
	})
}
