package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// table is the content of a table, the same for every format.
type table struct {
	title string
	note  string // shown below the title
	head  []string
	rows  [][]string
	left  int // the number of left-aligned columns; the others hold figures
}

// tables returns all tables in reading order.
func (r *Report) tables() []table {
	var out []table
	for _, t := range r.read() {
		out = append(out, t.quality())
	}
	return append(out, r.speeds(), r.costs(), r.asked())
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

// quality is a task's main table: figures times 100, the main metric with its interval, * for a
// winner.
func (t Task) quality() table {
	out := table{head: []string{"embedder"}, left: 1}
	if t.Kind == "retrieval" {
		out.title = fmt.Sprintf("%s: %d queries, %d documents", t.Name, t.Queries, t.Documents)
	} else {
		out.title = fmt.Sprintf("%s: %d pairs", t.Name, t.Queries)
	}
	out.note = "times 100; [95 % interval]; * is better than every other row"
	for i, m := range t.Metrics {
		out.head = append(out.head, m)
		if i == 0 {
			out.head = append(out.head, "")
		}
	}
	for _, w := range t.sorted() {
		row := []string{w.Name}
		if w.Failure != "" {
			row[0] += " (failed)"
		}
		for i, m := range t.Metrics {
			s, ok := w.Scores[m]
			cell, interval := "-", ""
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
		note: "milliseconds per answered request; open: single texts at a fixed rate, timed from the moment they were due; " +
			"errors with their median time; p99 of 100 answers and more",
		head: []string{"embedder", "loop", "texts", "of", "p50", "p90", "p95", "p99", "max", "texts/s", "tokens/s", "requests", "errors"}, left: 2,
	}
	for _, c := range r.Candidates {
		for _, s := range c.Speed {
			loop := s.Loop
			if s.Rate > 0 {
				loop = fmt.Sprintf("open %g/s", s.Rate)
			}
			tokens := figure(s.TokensPerSecond)
			if !s.Metered {
				tokens = "~" + tokens
			}
			row := []string{c.Name, loop, fmt.Sprint(s.Batch), s.Texts}
			for _, v := range []float64{s.P50, s.P90, s.P95, s.P99, s.Max} {
				row = append(row, figure(1000*v))
			}
			if s.P99 == 0 {
				row[7] = "-"
			}
			out.rows = append(out.rows, append(row, figure(s.TextsPerSecond), tokens, fmt.Sprint(s.Requests), s.failed()))
		}
	}
	return out
}

func (r *Report) costs() table {
	out := table{
		title: "Size and cost", note: "~ rests on estimated tokens; prices in different currencies are not added up or converted",
		head: []string{"embedder", "task", "dims", "bytes/vector", "GB/million", "tokens/text", "per million texts", "per month", "price of"}, left: 2,
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
				million = fmt.Sprintf("%s%.2f %s", approximately, t.Million, t.Currency)
				if t.Volume > 0 {
					month = fmt.Sprintf("%s%.2f %s", approximately, t.Monthly, t.Currency)
				}
			}
			out.rows = append(out.rows, []string{
				c.Name, t.Task, fmt.Sprint(c.Dimensions), fmt.Sprint(c.VectorBytes), fmt.Sprintf("%.2f", float64(c.IndexBytes)/1e9),
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
			c.Name, reference, cmp.Or(c.Endpoint, "-"), cmp.Or(c.Space, "-"), fmt.Sprint(c.Dimensions),
			fmt.Sprint(c.Attempts.Sent), why, fmt.Sprint(c.Refused),
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

// figure formats a number with three significant digits.
func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1 || v == 0:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

func counts(m map[string]int) string {
	if len(m) == 0 {
		return "0"
	}
	var parts []string
	for k, n := range m {
		parts = append(parts, fmt.Sprintf("%d %s", n, k))
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
