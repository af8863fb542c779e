package wire

import "testing"

func TestNumber(t *testing.T) {
	for _, tc := range []struct {
		match []string
		want  int
	}{
		{nil, 0},
		{[]string{"at most 5", "5"}, 5},
		{[]string{"at most 5", "", "5"}, 5},
		{[]string{"at most 99999999999999999999", "99999999999999999999"}, 0},
		{[]string{"too many"}, 0},
	} {
		if got := Number(tc.match); got != tc.want {
			t.Errorf("%q: got %d, want %d", tc.match, got, tc.want)
		}
	}
}
