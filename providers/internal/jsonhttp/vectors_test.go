package jsonhttp

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestVectors(t *testing.T) {
	for _, tc := range []struct {
		raw     string
		n, dims int
		want    string // of the vectors; "": an error
	}{
		{`[[1,-2.5e-1],[3,4]]`, 2, 2, "[[1 -0.25] [3 4]]"},
		{" [ [\n1 ,\t2 ] , [3,4] ] ", 2, 0, "[[1 2] [3 4]]"},
		{`[[1],[2],[3]]`, 3, 0, "[[1] [2] [3]]"},
		{`[[1,2]]`, 2, 2, ""},
		{`[[1,2],[3,4]]`, 1, 2, ""},
		{`[[1,2],[3]]`, 2, 0, ""},
		{`[[1],[3,4]]`, 2, 0, ""},
		{`[[1,2,3]]`, 1, 2, ""},
		{`[[1]]`, 1, 2, ""},
		{`[[]]`, 1, 0, ""},
		{`[null]`, 1, 1, ""},
		{`[[null]]`, 1, 1, ""},
		{`[["1"]]`, 1, 1, ""},
		{`[[[1]]]`, 1, 1, ""},
		{`[[1e39]]`, 1, 1, ""},
		{`[1]`, 1, 1, ""},
		{`{}`, 1, 1, ""},
		{`null`, 1, 1, ""},
		{``, 1, 1, ""},
	} {
		got, err := Vectors(json.RawMessage(tc.raw), tc.n, tc.dims)
		if tc.want == "" {
			if err == nil {
				t.Errorf("%s: got %v, want an error", tc.raw, got)
			}
		} else if err != nil || fmt.Sprint(got) != tc.want {
			t.Errorf("%s: got %v, %v, want %s", tc.raw, got, err, tc.want)
		}
	}
}

func TestVectorsAreApart(t *testing.T) {
	for _, dims := range []int{0, 2} {
		rows, err := Vectors(json.RawMessage(`[[1,2],[3,4]]`), 2, dims)
		expect.NoError(t, err)
		if _ = append(rows[0], 9); rows[1][0] != 3 {
			t.Error("appending to one row reaches the next")
		}
	}
}

// FuzzVectors holds that what is taken is what encoding/json makes of it.
func FuzzVectors(f *testing.F) {
	f.Add(`[[1,2],[3,4e2]]`, 2, 0)
	f.Add(`[[1,null]]`, 1, 2)
	f.Fuzz(func(t *testing.T, raw string, n, dims int) {
		if n < 1 || n > 100 || dims < 0 || dims > 100 || !json.Valid([]byte(raw)) {
			return
		}
		got, err := Vectors(json.RawMessage(raw), n, dims)
		if err != nil {
			return
		}
		var want [][]float32
		if err := json.Unmarshal([]byte(raw), &want); err != nil || !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
			t.Errorf("%s: got %v, want %v, %v", raw, got, want, err)
		}
	})
}
