package metrics

import (
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestJaccard(t *testing.T) {
	expect.Equal(t, "other case and white space", Jaccard("a  B", "A b", 3), 1)
	expect.Equal(t, "nothing in common", Jaccard("abc", "xyz", 3), 0)
}
