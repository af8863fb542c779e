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
		"**For quality on set take dear &lt;/script>&lt;b> or poor: they cannot be told apart; among these 2, for latency, dear",
		"<details><summary>set: every pair in words</summary>\n\n- ",
		"| why &lt;/script>&lt;script>alert(1)&lt;/script> \\| pipes? | cheap | 100.00 | ✓ d1: this | poor | 0.00 | d2: that |",
		"`` vecspace compare 'a|b' `x` ``",
		"| cheap | binary | 64 | 8 | 40.00 |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	// The sentences of every pair are there, with the parts of a fusion by scores.
	for want, told := range map[string]bool{
		"BM25 + cheap (scores) is better than BM25 + cheap (ranks) by nDCG@10": true,
		"BM25 + cheap (scores) is better than BM25 by nDCG@10":                 true,
		"cheap and BM25 + cheap (scores) cannot be told apart":                 true,
		"dear &lt;/script>&lt;b> and BM25 + cheap (scores)":                    false, // another candidate's
		"cheap and BM25 + cheap (ranks)":                                       false,
		"BM25 + cheap (ranks) and BM25":                                        false,
	} {
		if strings.Contains(got, want) != told {
			t.Errorf("%q is there: %v, want %v, in\n%s", want, !told, told, got)
		}
	}
	for _, want := range []string{
		"- dear &lt;/script>&lt;b> is better than cheap by nDCG@10: by 20.00, between 10.00 and 30.00 (p = under .001).",
		"- cheap and BM25 cannot be told apart by nDCG@10: the difference is +5.00, between -1.00 and +11.00 (p = 0.200).",
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
