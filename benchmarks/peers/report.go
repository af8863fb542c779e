package main

import (
	"fmt"
	"io"
	"strings"
)

// table is one section of the report. Its cells are text; the JSON output has the samples.
type table struct {
	Title string
	Notes []string
	Head  []string
	Rows  [][]string
}

func (t *table) add(cells ...string) { t.Rows = append(t.Rows, cells) }

// bar is a figure to reach.
type bar struct {
	What, Want, Got string
	Met             string // "met", "MISSED" or "not measured"
}

// figure is one measured thing in the JSON output, with the samples of all rounds.
type figure struct {
	Section, Name string
	N             int `json:",omitempty"` // texts per call, or goroutines
	Samples       series
}

type report struct {
	Machine []string
	Bars    []bar
	Tables  []*table
	Figures []figure
}

func (r *report) table(title string, head ...string) *table {
	t := &table{Title: title, Head: head}
	r.Tables = append(r.Tables, t)
	return t
}

// hold adds a bar and whether it is met.
func (r *report) hold(what, want string, met bool, format string, args ...any) {
	b := bar{What: what, Want: want, Got: fmt.Sprintf(format, args...), Met: "met"}
	if !met {
		b.Met = "MISSED"
	}
	r.Bars = append(r.Bars, b)
}

func (r *report) unmeasured(what, want, why string) {
	r.Bars = append(r.Bars, bar{what, want, why, "not measured"})
}

// markdown writes the whole report.
func (r *report) markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# What an embedding call costs on the client's side\n\n")
	b.WriteString("Written by `cd benchmarks/peers && go run .` (`-quick`: the same in under a minute, less exactly).\n\n")
	for _, m := range r.Machine {
		b.WriteString(wrapped("- "+m, "  "))
	}
	b.WriteString("\n" + wrapped(method, ""))
	bars := &table{Title: "Bars", Head: []string{"what", "bar", "measured", ""}}
	for _, x := range r.Bars {
		bars.add(x.What, x.Want, x.Got, x.Met)
	}
	for _, t := range append([]*table{bars}, r.Tables...) {
		t.markdown(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *table) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n", t.Title)
	for _, n := range t.Notes {
		b.WriteString(wrapped(n, "") + "\n")
	}
	if len(t.Rows) == 0 {
		return
	}
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(t.Head)
	rule := make([]string, len(t.Head))
	for i := range rule {
		rule[i] = "---"
		if i > 0 && numeric(t.Rows, i) {
			rule[i] = "---:"
		}
	}
	line(rule)
	for _, row := range t.Rows {
		line(row)
	}
}

// wrapped breaks a paragraph into lines of at most 120 columns and indents all but the first.
func wrapped(text, indent string) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len(word) > 120:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String() + "\n"
}

// numeric reports whether a column holds figures.
func numeric(rows [][]string, column int) bool {
	for _, row := range rows {
		if c := row[column]; c != "" && c != "-" && !strings.ContainsAny(c[:1], "0123456789") {
			return false
		}
	}
	return true
}

const method = `
The mock server is a process of its own, so processor time and allocations are the client's; both share the machine's cores.
Every client sends the same texts of 500 bytes and gets the same answers: in a call before each measurement every number is compared
with what the server sent. Errors are counted, and so are the connections dialed while measuring (0: all are reused). The
rivals get an http.Client with as many idle connections as requests in flight and without compression; ours uses its own. Repetitions are
interleaved; a figure is the median of the rounds, a ratio (x) the median of the ratios to the floor of the same round. The floor is a POST of
the hand-encoded request whose answer goes to io.Discard. Times drift with the machine, so compare ratios.
`

// num formats a figure with three significant digits and without an exponent.
func num(f float64) string {
	switch {
	case f != f:
		return "-"
	case f >= 99.5:
		return fmt.Sprintf("%.0f", f)
	case f >= 9.95:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

func us(ns float64) string { return num(ns / 1e3) }
