package report

import (
	"cmp"
	"fmt"
	"slices"
)

// Verdicts on two rows.
const (
	better    = "better"
	worse     = "worse"
	identical = "identical"
	tooFew    = "too few to tell"
	untold    = "not told apart"
)

// verdict says what a comparison shows about A.
func (d Difference) verdict() string {
	switch {
	case d.Distinct && d.Value > 0:
		return better
	case d.Distinct:
		return worse
	case d.Differ == 0 && d.Value == 0:
		return identical
	case d.Differ < Few:
		return tooFew
	}
	return untold
}

// cell is a comparison in a matrix: the difference in points and a sign for the verdict.
func (d Difference) cell() string {
	switch d.verdict() {
	case better, worse:
		return signed(d.Value) + "*"
	case identical:
		return "= "
	case tooFew:
		return signed(d.Value) + "?"
	}
	return signed(d.Value) + " "
}

// legend explains cell.
const legend = "* told apart, = identical on every question, ? differ on too few questions to tell, no sign: cannot be told apart"

// matrix compares the candidates and words alone, each with each: row minus column.
func (t Task) matrix() table {
	rows := t.square()
	out := table{title: t.Name + ": each with each", note: "row minus column, " + t.unit() + "; " + legend, head: []string{"#", "embedder"}, left: 2, keys: 2}
	if len(rows) < 2 {
		return out
	}
	for i, a := range rows {
		out.head = append(out.head, fmt.Sprint(i+1))
		row := []string{fmt.Sprint(i + 1), a.Name}
		for _, b := range rows {
			cell := "· "
			if d, ok := t.between(a.Name, b.Name); ok {
				cell = d.cell()
			}
			row = append(row, cell)
		}
		out.rows = append(out.rows, row)
	}
	return out
}

// fused returns the row of a candidate fused with words.
func (t Task) fused(candidate, fusion string) (Row, bool) {
	for _, w := range t.Rows {
		if _, ok := w.Scores[t.Metrics[0]]; ok && w.Kind == Fused && cmp.Or(w.Fusion, ByRanks) == fusion && w.Candidate == candidate {
			return w, true
		}
	}
	return Row{}, false
}

// hybrid reports whether the task has fused rows.
func (t Task) hybrid() bool {
	return slices.ContainsFunc(t.Rows, func(w Row) bool { return w.Kind == Fused })
}

// fusions compares each candidate fused with words by scores with what it is fused of, and with the
// fusion by ranks.
func (t Task) fusions() table {
	out := table{
		title: t.Name + ": words beside meaning", left: 1,
		note: "BM25 fused with a candidate by scores, and its difference to the candidate alone, to words alone and to both fused by ranks; " +
			t.unit() + "; " + legend,
		head: []string{"embedder", "fused by scores", "95 % interval", "minus alone", "minus words", "minus by ranks"},
	}
	floor, _ := t.floor()
	for _, w := range t.square() {
		f, ok := t.fused(w.Candidate, ByScores)
		if w.Kind != Model || !ok {
			continue
		}
		ranks, _ := t.fused(w.Candidate, ByRanks)
		s := f.Scores[t.Metrics[0]]
		row := []string{w.Name, fmt.Sprintf("%.2f", 100*s.Value), fmt.Sprintf("[%.2f %.2f]", 100*s.Low, 100*s.High)}
		for _, other := range []string{w.Name, floor.Name, ranks.Name} {
			cell := "- "
			if d, ok := t.between(f.Name, other); ok {
				cell = d.cell()
			}
			row = append(row, cell)
		}
		out.rows = append(out.rows, row)
	}
	return out
}
