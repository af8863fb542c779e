package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// answer is what a reader came for: one table of the candidates and words alone, the best first,
// and sentences that say which to take for what.
func (r *Report) answer() (table, []string) {
	return r.summary(), r.advice()
}

// ranked returns the candidates by the main metric of the first task, the best first. Those without
// the figure come last.
func (r *Report) ranked() []Candidate {
	out := slices.Clone(r.Candidates)
	if read := r.read(); len(read) > 0 {
		value := func(c Candidate) float64 {
			if s, ok := read[0].score(c.Name); ok {
				return s.Value
			}
			return -2
		}
		slices.SortStableFunc(out, func(a, b Candidate) int { return cmp.Compare(value(b), value(a)) })
	}
	return out
}

// score returns a candidate's own score by the main metric.
func (t Task) score(candidate string) (Score, bool) {
	for _, w := range t.Rows {
		if w.Kind == Model && w.Candidate == candidate {
			s, ok := w.Scores[t.Metrics[0]]
			return s, ok
		}
	}
	return Score{}, false
}

// floor returns the row of words alone.
func (t Task) floor() (Row, bool) {
	for _, w := range t.Rows {
		if _, ok := w.Scores[t.Metrics[0]]; ok && w.Kind == Floor {
			return w, true
		}
	}
	return Row{}, false
}

// between returns the comparison of two rows by the main metric, with the difference a - b.
func (t Task) between(a, b string) (Difference, bool) {
	for _, d := range t.Pairs {
		switch {
		case d.Metric != t.Metrics[0]:
		case d.A == a && d.B == b:
			return d, true
		case d.A == b && d.B == a:
			d.A, d.B, d.Value, d.Low, d.High = a, b, -d.Value, -d.High, -d.Low
			return d, true
		}
	}
	return Difference{}, false
}

// better reports whether row a is shown to be better than row b by the main metric.
func (t Task) better(a, b string) bool {
	d, ok := t.between(a, b)
	return ok && d.Distinct && d.Value > 0
}

// square returns the rows that the answer compares: candidates, the best first, and words alone.
func (t Task) square() (out []Row) {
	for _, w := range t.sorted() {
		if _, ok := w.Scores[t.Metrics[0]]; ok && w.Kind != Fused {
			out = append(out, w)
		}
	}
	return out
}

// summary is the table on top. It leaves out the fused rows, which have a table of their own.
func (r *Report) summary() table {
	out := table{
		title: "The answer", head: []string{"embedder"}, left: 1,
		note: "* is better than every other row here; p50 of one query; texts/s at the best batch size; vectors in float32",
	}
	tasks := r.read()
	one := len(tasks) == 1
	for _, t := range tasks {
		if one {
			out.head = append(out.head, t.unit(), "95 % interval")
		} else {
			out.head = append(out.head, r.short(t)+": "+t.unit())
		}
	}
	currencies := r.currencies()
	price := "price per million texts"
	if len(currencies) == 1 {
		price = currencies[0] + " per million texts"
	}
	out.head = append(out.head, "p50, ms", "texts/s", price, "GB per million vectors")
	scores := func(row []string, name func(Task) (string, bool)) []string {
		for _, t := range tasks {
			value, interval := "- ", "-"
			if n, ok := name(t); ok {
				value, interval = t.marked(n)
			}
			row = append(row, value)
			if one {
				row = append(row, interval)
			}
		}
		return row
	}
	for _, c := range r.ranked() {
		name := c.Name
		if c.Failure != "" {
			name += " (failed)"
		}
		row := scores([]string{name}, func(t Task) (string, bool) {
			_, ok := t.score(c.Name)
			return c.Name, ok
		})
		p50, rate, size := "-", "-", "-"
		if v, ok := r.latency(c); ok {
			p50 = figure(v)
		}
		if v, ok := r.rate(c); ok {
			rate = figure(v)
		}
		if c.IndexBytes > 0 {
			size = fmt.Sprintf("%.2f", float64(c.IndexBytes)/1e9)
		}
		out.rows = append(out.rows, append(row, p50, rate, c.price(len(currencies) > 1), size))
	}
	floors := ""
	for _, t := range tasks {
		if w, ok := t.floor(); ok && !slices.Contains(strings.Split(floors, ", "), w.Name) {
			floors += ", " + w.Name
		}
	}
	if floors != "" {
		row := scores([]string{strings.TrimPrefix(floors, ", ")}, func(t Task) (string, bool) {
			w, ok := t.floor()
			return w.Name, ok
		})
		out.rows = append(out.rows, append(row, "-", "-", "-", "-"))
	}
	return out
}

// unit is the heading of the main metric.
func (t Task) unit() string { return t.Metrics[0] + " × 100" }

// marked returns a row's figure, with * if the row is better than every other of the square, and
// its interval.
func (t Task) marked(name string) (value, interval string) {
	square := t.square()
	best := len(square) > 1
	var s Score
	for _, w := range square {
		if w.Name == name {
			s = w.Scores[t.Metrics[0]]
		} else {
			best = best && t.better(name, w.Name)
		}
	}
	value = fmt.Sprintf("%.2f", 100*s.Value)
	if best {
		value += "*"
	} else {
		value += " "
	}
	return value, fmt.Sprintf("[%.2f %.2f]", 100*s.Low, 100*s.High)
}

// rate returns the most texts per second of all closed loops of documents.
func (r *Report) rate(c Candidate) (most float64, ok bool) {
	for _, s := range c.Speed {
		if s.Loop == "closed" && s.Texts != "queries" {
			most = max(most, s.TextsPerSecond)
		}
	}
	return most, most > 0
}

// million returns the cost of a million texts like those of all tasks; local models cost nothing.
func (c Candidate) million() (sum float64, currency string, estimated, known bool) {
	texts := 0
	for _, t := range c.Costs {
		if t.Local {
			return 0, "", false, true
		}
		if t.Currency != "" {
			sum, texts, currency, estimated = sum+t.Spent, texts+t.Texts, t.Currency, estimated || t.Estimated
		}
	}
	if texts == 0 {
		return 0, "", false, false
	}
	return sum / float64(texts) * 1e6, currency, estimated, true
}

// price formats million, with its currency if the heading does not name it.
func (c Candidate) price(named bool) string {
	sum, currency, estimated, known := c.million()
	switch {
	case !known && c.Failure != "":
		return "-"
	case !known:
		return "unknown"
	case currency == "":
		return "local"
	}
	out := money(sum)
	if estimated {
		out = "~" + out
	}
	if named {
		out += " " + currency
	}
	return out
}
