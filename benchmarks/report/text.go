package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/width"
)

// most is the number of columns of a terminal that Text uses.
const most = 100

// Text writes the report's tables in aligned columns for a terminal of 100 columns.
func (r *Report) Text(out io.Writer) error {
	w := bufio.NewWriter(out)
	if !r.Run.Complete {
		fmt.Fprint(w, "The run was interrupted: the figures cover only what was finished.\n")
	}
	top, words := r.answer()
	if len(top.rows) > 0 {
		fmt.Fprintln(w)
		top.align(w)
		paragraph(w, "  ", "("+top.note+")")
	}
	fmt.Fprintln(w)
	for _, s := range words {
		paragraph(w, "", s)
	}
	for _, t := range r.tables() {
		fmt.Fprintf(w, "\n%s\n", t.title)
		paragraph(w, "", "("+t.note+")")
		fmt.Fprintln(w)
		t.align(w)
	}
	fmt.Fprintln(w)
	for _, n := range r.Notes {
		paragraph(w, "- ", n)
	}
	if len(r.read()) > 0 {
		paragraph(w, "- ", "The HTML page, -markdown and -json have the interval and the p-value of every pair.")
	}
	fmt.Fprintln(w)
	paragraph(w, "", fmt.Sprintf("%s, %s, %s, seed %d, %s resamples, %s", r.Run.Version, r.Run.Go, r.Run.Machine, r.Run.Seed, grouped(r.Run.Resamples), r.Run.Date))
	fmt.Fprintln(w)
	paragraph(w, "", words[0])       // again, where a terminal still shows it
	for _, f := range r.failures() { // last, for the same reason
		fmt.Fprintf(w, "%s\n", f)
	}
	return w.Flush()
}

// paragraph writes text in lines of at most the terminal's columns, the first behind a lead and the
// others below the text.
func paragraph(w io.Writer, lead, text string) {
	for i, line := range wrap(text, most-len(lead)) {
		if i > 0 {
			lead = strings.Repeat(" ", len(lead))
		}
		fmt.Fprintf(w, "%s%s\n", lead, line)
	}
}

// Columns of words get as narrow as narrowest if the table then fits; else as narrow as readable.
const (
	narrowest = 16
	readable  = 36
)

// shrink narrows the columns of words of a table that is too wide, the widest first.
func (t table) shrink(widths []int) {
	least := 0
	for i, w := range widths {
		if i < t.left {
			w = min(w, narrowest)
		}
		least += w + 2
	}
	floor := narrowest
	if least+1 > most {
		floor = readable
	}
	for sum(widths) > most {
		widest := 0
		for i := range t.left {
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		if t.left == 0 || widths[widest] <= floor {
			return
		}
		widths[widest]--
	}
}

// align writes a table. One that is too wide has its words wrapped, and if that is not enough its
// columns in blocks that begin with the columns that say what a row is about.
func (t table) align(w io.Writer) {
	widths := make([]int, len(t.head))
	for i, cell := range t.head {
		for word := range strings.FieldsSeq(cell) {
			widths[i] = max(widths[i], columns(word))
		}
	}
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	t.shrink(widths)
	keys := max(t.keys, 1)
	for from := keys; ; {
		to := from
		for to < len(widths) && (to == from || sum(widths[:keys])+sum(widths[from:to+1])-1 <= most) {
			to++
		}
		if to == from+1 {
			widths[from] = min(widths[from], max(narrowest, most-sum(widths[:keys])-2))
		}
		if from > keys {
			fmt.Fprintln(w)
		}
		var block []int
		for i := range widths {
			if i < keys || from <= i && i < to {
				block = append(block, i)
			}
		}
		t.line(w, t.head, widths, block)
		for _, row := range t.rows {
			t.line(w, row, widths, block)
		}
		if from = to; from >= len(widths) {
			return
		}
	}
}

// sum is the width of columns with the space around them.
func sum(widths []int) (n int) {
	for _, w := range widths {
		n += w + 2
	}
	return n + 1
}

// line writes the cells of a block of a row, in as many lines as the longest needs.
func (t table) line(w io.Writer, row []string, widths, block []int) {
	cells, high := map[int][]string{}, 1
	for _, i := range block {
		cells[i] = wrap(row[i], widths[i])
		high = max(high, len(cells[i]))
	}
	for l := range high {
		var b strings.Builder
		b.WriteString(" ")
		for _, i := range block {
			cell := ""
			if l < len(cells[i]) {
				cell = cells[i][l]
			}
			pad := strings.Repeat(" ", max(widths[i]-columns(cell), 0))
			if i < t.left {
				b.WriteString(" " + cell + pad + " ")
			} else {
				b.WriteString(" " + pad + cell + " ")
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// wrap cuts text into lines of at most n columns: at spaces, or in longer words at a sign that
// references have.
func wrap(text string, n int) (lines []string) {
	if columns(text) <= n { // with its spaces: a figure without * has one in its place
		return []string{text}
	}
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && columns(line)+1+columns(word) <= n {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		line = word
		for columns(line) > n {
			runes := []rune(line)
			cut := seam(runes, n)
			lines, line = append(lines, string(runes[:cut])), string(runes[cut:])
		}
	}
	return append(lines, line)
}

// seam returns where to cut a word that is wider than n columns: at a sign that references have, or
// else where n columns end.
func seam(word []rune, n int) int {
	cut := 1
	for cut < len(word)-1 && columns(string(word[:cut+1])) <= n {
		cut++
	}
	for i := cut; i > 1; i-- {
		if strings.ContainsRune("?&@", word[i]) || strings.ContainsRune("-/:", word[i-1]) {
			return i
		}
	}
	return cut
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
