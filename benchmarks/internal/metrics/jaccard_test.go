package metrics

import (
	"testing"
)

func TestJaccard(t *testing.T) {
	if got := Jaccard("a  B", "A b", 3); got != 1 {
		t.Errorf("case and white space count: %v", got)
	}
	if got := Jaccard("abc", "xyz", 3); got != 0 {
		t.Errorf("nothing in common: %v", got)
	}
}
