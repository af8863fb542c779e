package report

import (
	"bytes"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	got := render(t, text, sample())
	for _, want := range []string{
		"gone failed: no key *here*\n",
		"dear </script><b>       70.00*  [65.00 75.00]  60.00",
		"dear </script><b> is better than cheap by nDCG@10: by 0.2000, between 0.1000 and 0.3000 (p = under .001).",
		"cheap and BM25 cannot be told apart by nDCG@10: the difference is +0.0500, between -0.0100 and +0.1100 (p = 0.200).",
		"1 service unavailable, 2 rate limited (300 ms)", "What was asked", "a:b, queries: a:q  h   s        64         3  1 rate limited              1",
		"~12.50 USD", "~3.00 USD", "90.00 CNY", "local", "2026-10-01", "open 10/s", "~90.0", "- Read this.", "seed 7, 10000 resamples",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	unsure := Difference{Metric: "MAP", A: "a", B: "b", Value: -.04, Low: -.076, High: -.004, Differ: 30, P: .03, Holm: .09}.Words()
	if !strings.Contains(unsure, "cannot be told apart") || !strings.Contains(unsure, "by chance") {
		t.Errorf("%q does not say why an interval without 0 is not enough", unsure)
	}
	if same := (Difference{Metric: "MAP", A: "a", B: "b", Value: -1e-6, Low: -.001, High: 2e-6, Differ: 30, P: 1, Holm: 1}).Words(); !strings.Contains(same, "is 0.0000, between -0.0010 and 0.0000 (") {
		t.Errorf("got %q, want a difference without a side", same)
	}
	for want, told := range map[string]bool{
		"BM25 + cheap (scores) is better than BM25 + cheap (ranks) by nDCG@10": true,
		"BM25 + cheap (scores) is better than BM25 by nDCG@10":                 true,
		"cheap and BM25 + cheap (scores) cannot be told apart":                 true,
		"dear </script><b> and BM25 + cheap (scores)":                          false, // another candidate's
		"cheap and BM25 + cheap (ranks)":                                       false,
		"BM25 + cheap (ranks) and BM25":                                        false,
	} {
		if strings.Contains(got, want) != told {
			t.Errorf("%q is there: %v, want %v, in\n%s", want, !told, told, got)
		}
	}
	if best, next := strings.Index(got, "dear"), strings.Index(got, "  cheap  "); best > next {
		t.Error("the best row is not first")
	}
	r := sample()
	r.Run.Complete = false
	if !strings.Contains(render(t, text, r), "interrupted") {
		t.Error("an interrupted run is not called one")
	}
}

// Columns stand in line, ideographs counted as two.
func TestAlignment(t *testing.T) {
	var b bytes.Buffer
	table{head: []string{"name", "n"}, rows: [][]string{{"中文", "1"}, {"abcd", "22"}}, left: 1}.align(&b)
	if want := "  name   n\n  中文   1\n  abcd  22\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
