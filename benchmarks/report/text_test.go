package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

func TestText(t *testing.T) {
	got := render(t, text, sample())
	for _, want := range []string{
		"gone failed: no key *here*\n",
		"  dear </script><b>   70.00*  [65.00 75.00]  60.00",
		"  1  dear </script><b>       ·   +20.00*      ·   ·\n  2  cheap              -20.00*       ·   +5.00   ·\n",
		"  cheap      55.00  [50.00 60.00]  +5.00   +10.00*  +7.00*\n",
		"1 service unavailable, 2 rate limited (300 ms)", "What was asked", "a:b, queries: a:q  h   s        64         3  1 rate limited",
		"~12.50 USD", "~3.00 USD", "90.00 CNY", "local", "2026-10-01", "open 10/s", "~90.0", "- Read this.", "seed 7, 10,000 resamples",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	unsure := Difference{Metric: "MAP", A: "a", B: "b", Value: -.04, Low: -.076, High: -.004, Differ: 30, P: .03, Holm: .09}.Words()
	if !strings.Contains(unsure, "cannot be told apart") || !strings.Contains(unsure, "by chance") {
		t.Errorf("%q does not say why an interval without 0 is not enough", unsure)
	}
	if same := (Difference{Metric: "MAP", A: "a", B: "b", Value: -1e-6, Low: -.001, High: 2e-6, Differ: 30, P: 1, Holm: 1}).Words(); !strings.Contains(same, "is 0.00, between -0.10 and 0.00 (") {
		t.Errorf("got %q, want a difference without a side", same)
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
	expect.Equal(t, "the table", b.String(), "  name   n\n  中文   1\n  abcd  22\n")
}

// No line is wider than a terminal of 100 columns, and nothing is lost in narrow columns.
func TestTextFits(t *testing.T) {
	r := sample()
	long := strings.Repeat("ein-langer-name", 3) + "?dimensions=" + strings.Repeat("9", 30)
	r.Candidates[0].Reference, r.Candidates[0].Space = "openai:"+long, long
	r.Tasks[0].Name = "a set, " + strings.Repeat("sample of many questions, ", 5)
	for i := range r.Candidates {
		r.Candidates[i].Name += " of a provider with a long name"
	}
	got := render(t, text, r)
	for line := range strings.Lines(got) {
		if n := columns(strings.TrimSuffix(line, "\n")); n > most && !strings.Contains(line, r.Tasks[0].Name) {
			t.Errorf("got a line of %d columns, want at most %d: %s", n, most, line)
		}
	}
	for _, want := range []string{"tokens/s", "requests", "as of", "refused", strings.Repeat("9", 12)} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

// Long names break where a reader of references expects it.
func TestWrap(t *testing.T) {
	expect.Equal(t, "a reference", wrap("openai:text-embedding-3-small?dimensions=512&key_env=KEY", 24), []string{"openai:text-embedding-3-", "small?dimensions=512", "&key_env=KEY"})
	expect.Equal(t, "words", wrap("one two  three", 8), []string{"one two", "three"})
	expect.Equal(t, "ideographs", wrap("中文中文中文", 5), []string{"中文", "中文", "中文"})
	expect.Equal(t, "a figure that fits", wrap("70.00 ", 6), []string{"70.00 "})
}

func FuzzWrap(f *testing.F) {
	f.Add("static:base?dimensions=128 and more", uint8(20))
	f.Add("中文中文中文", uint8(3))
	f.Add("", uint8(1))
	f.Fuzz(func(t *testing.T, text string, wide uint8) {
		n := 2 + int(wide)
		text = strings.ToValidUTF8(text, "?")
		lines := wrap(text, n)
		if len(lines) == 0 {
			t.Fatalf("got no line of %q, want one", text)
		}
		for _, l := range lines {
			if columns(l) > n {
				t.Errorf("got a line of %d columns, want at most %d: %q", columns(l), n, l)
			}
		}
		bare := func(s string) string { return strings.Join(strings.Fields(s), "") }
		expect.Equal(t, "the characters", bare(strings.Join(lines, "")), bare(text))
	})
}
