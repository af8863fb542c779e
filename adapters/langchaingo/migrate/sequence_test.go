package migrate

import (
	"testing"
)

// FuzzPosition: a position that was made is read as it was, and any other text is an error or is
// the beginning.
func FuzzPosition(f *testing.F) {
	f.Add(1, "id", "")
	f.Add(3, "id with spaces", "3 x")
	f.Fuzz(func(t *testing.T, n int, id, other string) {
		if n > 0 {
			if gotN, gotID, err := parsePosition(position(n, id)); err != nil || gotN != n || gotID != id {
				t.Errorf("got %d, %q, %v, want %d, %q", gotN, gotID, err, n, id)
			}
		}
		if n, _, err := parsePosition(other); err == nil && n < 1 && other != "" {
			t.Errorf("%q is position %d", other, n)
		}
	})
}
