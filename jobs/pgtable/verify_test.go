package pgtable

import (
	"strconv"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// Each row is judged by what is noted, its text and its vector, in this order.
func TestReport(t *testing.T) {
	yes, no, text, blank := true, false, "text", " \t"
	hash := hashOf(text)
	var r Report
	for _, v := range []verdict{
		{there: true, noted: true},
		{there: true, text: &text, hash: hash, space: &yes},
		{there: true, text: &text, hash: hash, space: &no, key: "other space"},
		{there: true, text: &text, hash: hashOf("old"), space: &yes, failed: true, key: "old"},
		{there: true, text: &text, failed: true},
		{there: true, text: &text, key: "missing"},
		{there: true, text: &blank},
		{there: true, text: nil},
		{there: true, text: &blank, hash: hash, space: &yes, key: "blank"},
		{there: false, hash: hash, space: &yes, key: "gone"},
	} {
		r.add(v)
	}
	problems := r.Problems
	r.Problems = nil
	expect.Equal(t, "report", r.String(), Report{Rows: 9, Vectors: 1, Blank: 2, Rejected: 1, Pending: 1, Missing: 1, Stale: 2, Extra: 2}.String())
	expect.Equal(t, "problems", problems, []string{"other space: the vector is of another text", "old: the vector is of another text",
		"missing: no vector", "blank: a vector without a row or a text", "gone: a vector without a row or a text"})
	expect.Equal(t, "all is well", r.OK(), false)
	for n := range 100 {
		r.add(verdict{there: true, text: &text, key: strconv.Itoa(n)})
	}
	expect.Equal(t, "problems that are kept", len(r.Problems), 20)
}
