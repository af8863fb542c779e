package report

import (
	"strings"
	"testing"
)

func TestMarkdown(t *testing.T) {
	got := render(t, markdown, sample())
	for _, want := range []string{
		"**gone failed: no key \\*here\\***",
		"| dear &lt;/script>&lt;b> | 70.00\\* | \\[65.00 75.00] | 60.00 |",
		"| why &lt;/script>&lt;script>alert(1)&lt;/script> \\| pipes? | cheap | 1.00 | ✓ d1: this | poor | 0.00 | d2: that |",
		"`` vecspace compare 'a|b' `x` ``",
		"| cheap | binary | 64 | 8 | 40.00 |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	// Every row of a table has as many cells as its heading.
	cells := 0
	for line := range strings.Lines(got) {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if cells != 0 && n != cells {
			t.Errorf("%d cells, the heading has %d: %s", n-1, cells-1, line)
		}
		cells = n
	}
}
