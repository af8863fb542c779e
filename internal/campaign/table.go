package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding"
)

// row is the result of one trial.
type row struct {
	tally
	name         string
	control      bool // a defect was built in and noticed
	injected     int
	twice, bound int // texts billed more than once, and the most that may be
	sent         int // texts billed in the second run
	took, over   time.Duration
	peak         uint64
	hits         float64 // share of the texts that the cache answered
	problems     []string
}

func (r *row) problem(what string) {
	if what != "" {
		r.problems = append(r.problems, what)
	}
}

const tableHead = "| fault | injected | failed as it must | lost | wrong | billed twice (bound) | sent by a second run (missing) | over the quiet run | peak memory |\n" +
	"|---|--:|---|--:|--:|--:|--:|--:|--:|\n"

// line formats the row as Markdown.
func (r row) line() string {
	name := r.name
	if r.control {
		name += " (a defect is built in, and seen)"
	}
	var failed []string
	for _, kind := range slices.Sorted(maps.Keys(r.failed)) {
		failed = append(failed, fmt.Sprintf("%d %s", r.failed[kind], kindName(kind)))
	}
	return fmt.Sprintf("| %s | %d | %s | %d | %d | %d (%d) | %d (%d) | %+.2f s | %.1f MiB |\n", name, r.injected,
		cmp.Or(strings.Join(failed, ", "), "-"), r.lost, r.wrong, r.twice, r.bound, r.sent, r.missing, r.over.Seconds(), float64(r.peak)/(1<<20))
}

func kindName(k embedding.Kind) string {
	return map[embedding.Kind]string{
		embedding.Invalid: "Invalid", embedding.Rejected: "Rejected", embedding.Auth: "Auth",
		embedding.Exhausted: "Exhausted", embedding.Malformed: "Malformed",
	}[k]
}

// failures lists what is wrong with the rows, "" if nothing is.
func failures(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		for _, p := range r.problems {
			fmt.Fprintf(&b, "FAILED %s: %s\n", r.name, p)
		}
	}
	return b.String()
}
