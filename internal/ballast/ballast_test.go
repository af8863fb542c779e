package ballast_test

import (
	"testing"

	"github.com/vecspace/embedding/internal/ballast"
)

// The collector runs more rarely, unless the user tunes it.
func TestNew(t *testing.T) {
	for _, tc := range []struct {
		gogc, limit string
		want        int
	}{{want: 1 << 20}, {gogc: "100"}, {limit: "64MiB"}} {
		t.Setenv("GOGC", tc.gogc)
		t.Setenv("GOMEMLIMIT", tc.limit)
		if got := len(ballast.New(1 << 20)); got != tc.want {
			t.Errorf("GOGC=%s GOMEMLIMIT=%s: got %d bytes, want %d", tc.gogc, tc.limit, got, tc.want)
		}
	}
}
