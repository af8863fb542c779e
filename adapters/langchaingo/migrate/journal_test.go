package migrate_test

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding/adapters/langchaingo/migrate"
	"github.com/vecspace/embedding/embedtest"
)

// TestTwoRuns: of two runs with one journal the first ends before it writes again.
func TestTwoRuns(t *testing.T) {
	from, to := old(35), &shelf{id: "new"}
	f := embedtest.NewFake(embedtest.FakeOptions{})
	p := plan(t, from, to)
	n := 0
	var got error
	for _, err := range migrate.Run(t.Context(), f, p) {
		if n++; n == 1 {
			report(t, f, p)
		}
		got = err
	}
	if got == nil || !strings.Contains(got.Error(), "another run has begun with the journal") || n != 2 {
		t.Errorf("%d steps, %v", n, got)
	}
	complete(t, from, to, f, nil)
}
