package report

import (
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// The table on top has the candidates and words alone, the best first, and no fused row.
func TestSummary(t *testing.T) {
	var names, first []string
	s := sample().summary()
	for _, row := range s.rows {
		names = append(names, row[0])
		expect.Equal(t, "cells of "+row[0], len(row), len(s.head))
	}
	expect.Equal(t, "the rows", names, []string{"dear </script><b>", "cheap", "poor", "gone (failed)", "BM25"})
	for _, row := range s.rows[:2] {
		first = append(first, strings.Join(row[1:], "|"))
	}
	expect.Equal(t, "two rows", first, []string{
		"70.00 |[65.00 75.00]|10.0|50.0|~12.50 USD|0.26", // better than cheap only, of all rows
		"50.00 |[45.00 55.00]|1.00|900|local|0.26",
	})
}

func TestWinner(t *testing.T) {
	r := compared(map[[2]string]string{pair("a", "b"): "*", pair("a", "BM25"): "*"}, .6, .4)
	value, _ := r.Tasks[0].marked("a")
	expect.Equal(t, "a, better than every row", value, "60.00*")
	value, _ = compared(map[[2]string]string{pair("a", "b"): "*"}, .6, .4).Tasks[0].marked("a")
	expect.Equal(t, "a, not told apart from words alone", value, "60.00 ")
}
