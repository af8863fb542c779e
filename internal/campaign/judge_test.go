package main

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding/providers/emulator"
)

// TestJudge: a trial without a flaw passes, and each flaw alone is named.
func TestJudge(t *testing.T) {
	lab := &laboratory{job: newJob(1000, 1), limit: 1 << 20}
	n := len(lab.job.texts)
	type books struct {
		r      row
		s      scenario
		l      emulator.Ledger
		b      bill
		tokens int
	}
	for _, tc := range []struct {
		name  string
		spoil func(*books)
		want  string // "" where nothing is wrong
	}{
		{"nothing", func(*books) {}, ""},
		{"lost", func(b *books) { b.r.lost = 1 }, "1 texts are lost"},
		{"wrong", func(b *books) { b.r.wrong = 2 }, "2 texts have a wrong vector"},
		{"never struck", func(b *books) { b.r.injected = 0 }, "never struck"},
		{"the quiet run", func(b *books) { b.r.injected, b.s.nothing = 0, true }, ""},
		{"at the bound", func(b *books) { b.r.twice, b.r.bound = 5, 5 }, ""},
		{"over the bound", func(b *books) { b.r.twice, b.r.bound = 6, 5 }, "6 texts were billed twice, and only 5"},
		{"sent again", func(b *books) { b.r.sent = 1 }, "billed for 1 texts, and 0 were missing"},
		{"never sent", func(b *books) { b.r.missing = 1 }, "billed for 0 texts, and 1 were missing"},
		{"memory", func(b *books) { b.r.peak = 1<<20 + 1 }, "bytes of memory"},
		{"a vector from nowhere", func(b *books) { b.b.distinct-- }, "different texts were billed"},
		{"tokens nobody was told of", func(b *books) { b.tokens-- }, "tokens were billed"},
		{"tokens of an answer that was lost", func(b *books) { b.tokens--; b.r.bound = 1 }, ""},
		{"the limit overrun", func(b *books) { b.l.MaxInFlight = slots + 1 }, "requests at once"},
		{"a defect that was seen", func(b *books) { b.r.lost = 1; b.s.control = func(r row) bool { return r.lost > 0 } }, ""},
		{"a defect that was not", func(b *books) { b.s.control = func(r row) bool { return r.lost > 0 } }, "does not see"},
		{"over-long texts", func(b *books) { b.s.expect.never = true; b.b = bill{lab.job.unmarked(), lab.job.unmarked()} }, ""},
	} {
		b := books{r: row{injected: 3, peak: 1 << 20}, l: emulator.Ledger{Tokens: 99, MaxInFlight: slots}, b: bill{n, n}, tokens: 99}
		tc.spoil(&b)
		tr := &trial{laboratory: lab, scenario: b.s}
		tr.judge(&b.r, b.l, b.b, b.tokens)
		got := failures([]row{b.r})
		if tc.want == "" && got != "" || !strings.Contains(got, tc.want) || strings.Count(got, "\n") > 1 {
			t.Errorf("%s: %q, want %q alone", tc.name, got, tc.want)
		}
	}
}
