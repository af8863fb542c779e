package embedding

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/vecspace/embedding/internal/expect"
)

func TestLines(t *testing.T) {
	e := Chain(fn{Model{Dimensions: 2}, lengths})
	long := strings.Repeat("x", maxLine+1)
	in := "one\r\n\ntwo words\n" + long + "\n" + long[:maxLine] + "\r\nbad \xff\n" + long + long + "\nlast"
	texts := []string{"one", "", "two words", "", long[:maxLine], "bad \xff", "", "last"}
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

func FuzzLines(f *testing.F) {
	f.Add("a\n\r\n\nb")
	f.Add("\xff\x00\n")
	f.Add("\r")
	e := Chain(fn{Model{Dimensions: 2}, lengths})
	f.Fuzz(func(t *testing.T, in string) {
		want := strings.Split(strings.TrimSuffix(in, "\n"), "\n")
		if in == "" {
			want = nil
		}
		n := 0
		for out, err := range Lines(t.Context(), e, strings.NewReader(in)) {
			if err != nil || n >= len(want) {
				t.Fatalf("got the error %v at line %d, want none and %d lines", err, n+1, len(want))
			}
			text := strings.TrimSuffix(want[n], "\r")
			bad := unfit(text) != ""
			if bad != (out.Err != nil) || out.Item.Text != text || out.Item.Number != n+1 || !bad && out.Vector[0] != float32(len(text)) {
				t.Fatalf("line %d: got %+v for %q", n+1, out, text)
			}
			n++
		}
		expect.Equal(t, "lines", n, len(want))
	})
}
