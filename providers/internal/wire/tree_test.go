package wire

import (
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// The names of an answer's members, which are read for each request, cost no memory.
func TestNamed(t *testing.T) {
	for _, key := range []string{"retry-after", "retry_after", "retryAfter", "Retry-After"} {
		expect.Equal(t, key, named(key), "retryafter")
	}
	expect.Equal(t, "allocations", testing.AllocsPerRun(100, func() { named("usage") }), 0.0)
}
