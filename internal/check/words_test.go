package check

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// Two long texts are one but for their last eighth, and none of its words stays.
func TestEnds(t *testing.T) {
	for _, n := range []int{16, 100, 8_192} {
		one, other := ends(n)
		a, b := strings.Fields(one), strings.Fields(other)
		expect.Equal(t, "words", []int{len(a), len(b)}, []int{n, n})
		for i := range a {
			if same := a[i] == b[i]; same != (i < n-n/8) {
				t.Fatalf("%d words: got the same word at %d: %v, want the others in the last eighth only", n, i, same)
			}
		}
	}
}
