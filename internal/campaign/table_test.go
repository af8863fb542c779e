package main

import (
	"strings"
	"testing"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/internal/expect"
)

func TestLine(t *testing.T) {
	r := row{
		tally:    tally{failed: map[embedding.Kind]int{embedding.Malformed: 3, embedding.Auth: 2}, lost: 4, wrong: 5, missing: 6},
		name:     "nan",
		injected: 7, twice: 8, bound: 9, sent: 10, over: -1500 * time.Millisecond, peak: 3 << 19,
	}
	const want = "| nan | 7 | 2 Auth, 3 Malformed | 4 | 5 | 8 (9) | 10 (6) | -1.50 s | 1.5 MiB |\n"
	expect.Equal(t, "the line", r.line(), want)
	columns := strings.Count(want, "|")
	for line := range strings.Lines(tableHead) {
		if strings.Count(line, "|") != columns {
			t.Errorf("%d columns and a head %q", columns-1, line)
		}
	}
	for _, k := range []embedding.Kind{embedding.Invalid, embedding.Rejected, embedding.Auth, embedding.Exhausted, embedding.Malformed} {
		if kindName(k) == "" {
			t.Errorf("%v has no name in the table", k)
		}
	}
}
