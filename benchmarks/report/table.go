package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// table is the content of a table, the same for every format.
type table struct {
	title string
	note  string // shown below the title
	head  []string
	rows  [][]string
	left  int // the number of left-aligned columns; the others hold figures
	keys  int // the number of columns that say what a row is about; 0 is 1
}

// tables returns the tables below the answer in reading order, those without rows left out.
func (r *Report) tables() []table {
	var out []table
	for _, t := range r.read() {
		out = append(out, t.matrix(), t.fusions(), t.quality(false))
	}
	out = append(out, r.speeds(), r.costs(), r.asked())
	return slices.DeleteFunc(out, func(t table) bool { return len(t.rows) == 0 })
}

// read returns the tasks that could be read.
func (r *Report) read() (out []Task) {
	for _, t := range r.Tasks {
		if t.Failure == "" {
			out = append(out, t)
		}
	}
	return out
}

// quality is a task's table of all metrics, the main one with its interval, * for a winner. The
// fused rows, two for each candidate, are at its end if fused is true.
func (t Task) quality(fused bool) table {
	out := table{head: []string{"embedder"}, left: 1}
	if t.Kind == "retrieval" {
		out.title = fmt.Sprintf("%s: %s queries, %s documents", t.Name, grouped(t.Queries), grouped(t.Documents))
	} else {
		out.title = fmt.Sprintf("%s: %s pairs", t.Name, grouped(t.Queries))
	}
	out.note = "all × 100; * is better than every other row"
	if !fused && t.hybrid() {
		out.note += ", those of words beside meaning among them"
	}
	for i, m := range t.Metrics {
		out.head = append(out.head, m)
		if i == 0 {
			out.head = append(out.head, "95 % interval")
		}
	}
	rows := t.sorted()
	slices.SortStableFunc(rows, func(a, b Row) int {
		switch fa, fb := a.Kind == Fused, b.Kind == Fused; {
		case fa == fb:
			return 0
		case fb:
			return -1
		}
		return 1
	})
	for _, w := range rows {
		if w.Kind == Fused && !fused {
			continue
		}
		row := []string{w.Name}
		if w.Failure != "" {
			row[0] += " (failed)"
		}
		for i, m := range t.Metrics {
			s, ok := w.Scores[m]
			cell, interval := "- ", "-"
			if ok {
				cell = fmt.Sprintf("%.2f", 100*s.Value)
				if s.Best {
					cell += "*"
				} else {
					cell += " "
				}
				interval = fmt.Sprintf("[%.2f %.2f]", 100*s.Low, 100*s.High)
			}
			row = append(row, cell)
			if i == 0 {
				row = append(row, interval)
			}
		}
		out.rows = append(out.rows, row)
	}
	return out
}

// sorted returns the rows by the main metric, best first, failed ones last.
func (t Task) sorted() []Row {
	rows := slices.Clone(t.Rows)
	value := func(w Row) float64 {
		if s, ok := w.Scores[t.Metrics[0]]; ok {
			return s.Value
		}
		return -2
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(value(b), value(a)) })
	return rows
}

func (r *Report) speeds() table {
	out := table{
		title: "Speed",
		note: "times per answered request; open: at a fixed rate, timed from the moment they were due; " +
			"errors with their median time; p99 of 100 answers and more; ~ estimated tokens",
		head: []string{"embedder", "load", "p50, ms", "p90, ms", "p95, ms", "p99, ms", "max, ms", "texts/s", "tokens/s", "requests", "errors"}, left: 2, keys: 2,
	}
	for _, c := range r.Candidates {
		for _, s := range c.Speed {
			tokens := figure(s.TokensPerSecond)
			if !s.Metered {
				tokens = "~" + tokens
			}
			row := []string{c.Name, s.load()}
			for _, v := range []float64{s.P50, s.P90, s.P95, s.P99, s.Max} {
				row = append(row, figure(1000*v))
			}
			if s.P99 == 0 {
				row[5] = "-"
			}
			out.rows = append(out.rows, append(row, figure(s.TextsPerSecond), tokens, grouped(s.Requests), s.failed()))
		}
	}
	return out
}

// load says what each request of a measurement holds, and how many come in a second if that is
// fixed.
func (s Speed) load() string {
	what := strings.TrimSuffix(cmp.Or(s.Texts, "texts"), "s")
	if s.Texts == "queries" {
		what = "query"
	}
	if s.Batch != 1 {
		what = cmp.Or(s.Texts, "texts")
	}
	out := fmt.Sprintf("%s %s", grouped(s.Batch), what)
	if s.Rate > 0 {
		out += fmt.Sprintf(", open %g/s", s.Rate)
	}
	return out
}

func (r *Report) costs() table {
	out := table{
		title: "Size and cost", note: "vectors in float32; ~ rests on estimated tokens; prices in different currencies are not added up or converted",
		head: []string{"embedder", "task", "dims", "bytes per vector", "GB per million vectors", "tokens per text", "price per million texts", "price per month", "as of"}, left: 2, keys: 2,
	}
	for _, c := range r.Candidates {
		for _, t := range c.Costs {
			approximately := ""
			if t.Estimated {
				approximately = "~"
			}
			per := 0.0
			if t.Texts > 0 {
				per = t.Tokens / float64(t.Texts)
			}
			million, month := "unknown", "-"
			switch {
			case t.Local:
				million = "local"
			case t.Currency != "":
				million = fmt.Sprintf("%s%s %s", approximately, money(t.Million), t.Currency)
				if t.Volume > 0 {
					month = fmt.Sprintf("%s%s %s", approximately, money(t.Monthly), t.Currency)
				}
			}
			out.rows = append(out.rows, []string{
				c.Name, t.Task, grouped(c.Dimensions), grouped(c.VectorBytes), fmt.Sprintf("%.2f", float64(c.IndexBytes)/1e9),
				approximately + fmt.Sprintf("%.1f", per), million, month, cmp.Or(t.AsOf, "-"),
			})
		}
	}
	return out
}

// asked describes each candidate and the requests that its answers took.
func (r *Report) asked() table {
	out := table{
		title: "What was asked", note: "requests that this run sent for the tasks, without those that measured the speed; " +
			"failed ones were retried if that can help",
		head: []string{"embedder", "reference", "at", "space", "dims", "requests", "failed", "texts refused"}, left: 4,
	}
	for _, c := range r.Candidates {
		reference := c.Reference
		if c.Query != "" {
			reference += ", queries: " + c.Query
		}
		failed := 0
		for _, n := range c.Attempts.Failed {
			failed += n
		}
		why := fmt.Sprint(failed)
		if failed > 0 {
			why = counts(c.Attempts.Failed)
		}
		out.rows = append(out.rows, []string{
			c.Name, reference, cmp.Or(c.Endpoint, "-"), cmp.Or(c.Space, "-"), grouped(c.Dimensions),
			grouped(c.Attempts.Sent), why, grouped(c.Refused),
		})
	}
	return out
}

// failed says how many requests of a measurement failed, why, and after how long.
func (s Speed) failed() string {
	out := counts(s.Errors)
	if len(s.Errors) > 0 {
		out += fmt.Sprintf(" (%s ms)", figure(1000*s.FailedP50))
	}
	return out
}

// figure formats a number with three significant digits, but no more than four decimals.
func figure(v float64) string {
	switch {
	case v >= 100:
		return thousands(fmt.Sprintf("%.0f", v))
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1 || v == 0:
		return fmt.Sprintf("%.2f", v)
	case v >= .1:
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// grouped formats a whole number with thousands separated.
func grouped(n int) string { return thousands(strconv.Itoa(n)) }

// money formats a sum of no less than 0 with two decimals and thousands separated.
func money(v float64) string { return thousands(fmt.Sprintf("%.2f", v)) }

// thousands puts commas into the part of a decimal number before its point.
func thousands(s string) string {
	whole, rest, found := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if found {
		whole += "." + rest
	}
	return whole
}

func counts(m map[string]int) string {
	if len(m) == 0 {
		return "0"
	}
	var parts []string
	for k, n := range m {
		parts = append(parts, grouped(n)+" "+k)
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// verdicts returns sentences that compare rows by the main metric: candidates and the floor with
// each other, and a fusion by scores with its parts and with the fusion by ranks.
func (t Task) verdicts() (out []string) {
	rows := map[string]Row{}
	for _, w := range t.Rows {
		rows[w.Name] = w
	}
	for _, d := range t.Pairs {
		if d.Metric == t.Metrics[0] && told(rows[d.A], rows[d.B]) {
			out = append(out, d.Words())
		}
	}
	return out
}

// told reports whether a sentence compares two rows.
func told(a, b Row) bool {
	if b.Fusion == ByScores {
		a, b = b, a
	}
	if a.Fusion == ByScores {
		return b.Candidate == a.Candidate || b.Kind == Floor
	}
	return a.Kind != Fused && b.Kind != Fused
}

// failures names each failed candidate and each unread task with the reason.
func (r *Report) failures() (out []string) {
	for _, c := range r.Candidates {
		if c.Failure != "" {
			out = append(out, c.Name+" failed: "+c.Failure)
		}
	}
	for _, t := range r.Tasks {
		if t.Failure != "" {
			out = append(out, t.Name+" could not be read: "+t.Failure)
		}
	}
	return out
}
