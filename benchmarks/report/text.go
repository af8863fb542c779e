package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/width"
)

// Text writes the report's tables in aligned columns for a terminal.
func (r *Report) Text(out io.Writer) error {
	w := bufio.NewWriter(out)
	if !r.Run.Complete {
		fmt.Fprint(w, "The run was interrupted: the figures cover only what was finished.\n")
	}
	tasks := r.read()
	for i, t := range r.tables() {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n(%s)\n\n", t.title, t.note)
		t.align(w)
		if i < len(tasks) {
			fmt.Fprintln(w)
			for _, v := range tasks[i].verdicts() {
				fmt.Fprintf(w, "  %s\n", v)
			}
		}
	}
	fmt.Fprintln(w)
	for _, n := range r.Notes {
		fmt.Fprintf(w, "- %s\n", n)
	}
	fmt.Fprintf(w, "\n%s, %s, %s, seed %d, %d resamples, %s\n", r.Run.Version, r.Run.Go, r.Run.Machine, r.Run.Seed, r.Run.Resamples, r.Run.Date)
	for _, f := range r.failures() { // last, where a terminal still shows them
		fmt.Fprintf(w, "%s\n", f)
	}
	return w.Flush()
}

func (t table) align(w io.Writer) {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	line := func(row []string) {
		var b strings.Builder
		b.WriteString(" ")
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-columns(cell))
			if i < t.left {
				b.WriteString(" " + cell + pad + " ")
			} else {
				b.WriteString(" " + pad + cell + " ")
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
	line(t.head)
	for _, row := range t.rows {
		line(row)
	}
}

// columns returns how many columns of a terminal a text takes. Ideographs take two.
func columns(s string) (n int) {
	for _, r := range s {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}
