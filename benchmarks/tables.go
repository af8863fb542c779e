package benchmarks

import (
	"cmp"
	"context"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/vecspace/embedding/benchmarks/internal/flat"
	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/benchmarks/report"
)

// report assembles what was measured.
func (r *run) report(ctx context.Context, cs []*contender) (*report.Report, error) {
	out := &report.Report{Schema: report.Schema, Run: report.Run{
		Date: r.begin.UTC().Format(time.RFC3339), Command: r.Command, Version: version(), Go: runtime.Version(), Machine: machine(),
		Seed: r.Seed, Resamples: r.Resamples, Offline: r.Offline, Complete: ctx.Err() == nil,
	}}
	for _, c := range cs {
		out.Candidates = append(out.Candidates, c.report())
	}
	for _, t := range r.tasks {
		made, err := r.table(t)
		if err != nil {
			return out, err
		}
		out.Tasks = append(out.Tasks, made)
	}
	out.Notes = notes(out)
	out.Run.Seconds = time.Since(r.begin).Seconds()
	return out, ctx.Err()
}

func (c *contender) report() report.Candidate {
	m := c.model
	c.mu.Lock() // an abandoned attempt may still report
	attempts := report.Attempts{Sent: c.attempts.Sent, Failed: maps.Clone(c.attempts.Failed)}
	c.mu.Unlock()
	out := report.Candidate{
		Name: c.name(), Reference: c.Reference, Query: c.Query, Provider: m.Provider, Model: m.ID, Endpoint: m.Endpoint, Space: string(m.Space),
		Variant: m.Variant, Dimensions: m.Dimensions, VectorBytes: flat.Float32.Bytes(m.Dimensions),
		IndexBytes: int64(flat.Float32.Bytes(m.Dimensions)) * 1_000_000,
		Limit:      m.Limits.Texts, Refused: len(c.refused), Speed: c.speeds, Attempts: attempts, Costs: c.costs,
	}
	if c.failure != nil {
		out.Failure = c.failure.Error()
	}
	return out
}

// table computes the figures, intervals and comparisons of a task from its rows.
func (r *run) table(t *madeTask) (report.Task, error) {
	out := report.Task{Name: t.name()}
	if t.Failure != nil {
		out.Failure = t.Failure.Error()
		return out, nil
	}
	var n int
	if t.retrieval != nil {
		n = len(t.retrieval.Queries)
		out.Kind, out.Documents, out.Metrics, out.Blank = "retrieval", len(t.retrieval.Documents), t.retrieval.metrics(), t.retrieval.blank
		out.Whole, out.Absent, out.Repeated = t.retrieval.Whole, t.retrieval.Absent, t.retrieval.Repeated
		out.Itself = t.retrieval.itself()
	} else {
		n = len(t.pairs.Gold)
		out.Kind, out.Metrics = "pairs", t.pairs.metrics()
	}
	out.Queries = n
	slices.SortStableFunc(t.rows, func(a, b row) int { return order(a.kind) - order(b.kind) })
	for _, w := range t.rows {
		out.Rows = append(out.Rows, report.Row{
			Name: w.name, Candidate: w.candidate, Kind: w.kind, Fusion: w.fusion, Weight: w.weight, Failure: w.failure,
			Scores: map[string]report.Score{},
		})
	}
	var ok []int // indexes of the rows with figures
	for i, w := range t.rows {
		if w.failure == "" {
			ok = append(ok, i)
		}
	}
	// One bootstrap covers everything, so that all figures are compared on the same draws: first the
	// rows by metric, then the points.
	var stats []metrics.Statistic
	for _, m := range out.Metrics {
		for _, i := range ok {
			stats = append(stats, t.rows[i].stats[m])
		}
	}
	for _, p := range t.points {
		stats = append(stats, p.stat)
	}
	boot, err := metrics.Bootstrap(n, r.Resamples, r.Seed, stats...)
	if err != nil {
		return out, err
	}
	for m, metric := range out.Metrics {
		base := m * len(ok)
		for k, i := range ok {
			in := boot.Interval(base + k)
			out.Rows[i].Scores[metric] = report.Score{Value: boot.Values[base+k], Low: in.Low, High: in.High}
		}
		out.Pairs = append(out.Pairs, t.differences(boot, metric, base, ok)...)
	}
	best(&out)
	base := len(out.Metrics) * len(ok)
	for k, p := range t.points {
		in := boot.Interval(base + k)
		out.Dimensions = append(out.Dimensions, report.Point{
			Candidate: p.candidate, Dimensions: p.dims, Storage: string(p.storage), Bytes: p.storage.Bytes(p.dims),
			Metric: out.Metrics[0], Value: boot.Values[base+k], Low: in.Low, High: in.High,
		})
	}
	out.Disagreed = t.disagreements()
	return out, nil
}

func order(kind string) int {
	return slices.Index([]string{report.Model, report.Fused, report.Floor}, kind)
}

// differences compares every two rows. Comparisons with a fused row are one family of tests, all
// others another; each is corrected for its own size.
func (t *madeTask) differences(boot *metrics.Resampled, metric string, base int, ok []int) []report.Difference {
	var families [2][]report.Difference
	for x := range ok {
		for y := range x {
			a, b := t.rows[ok[y]], t.rows[ok[x]]
			d := boot.Difference(base+y, base+x)
			f := 0
			if a.kind == report.Fused || b.kind == report.Fused {
				f = 1
			}
			families[f] = append(families[f], report.Difference{Metric: metric, A: a.name, B: b.name, Value: d.Value, Low: d.Low, High: d.High, Differ: d.Differ, P: d.P})
		}
	}
	var out []report.Difference
	for _, family := range families {
		ps := make([]float64, len(family))
		for i, d := range family {
			ps[i] = d.P
		}
		for i, holm := range metrics.Holm(ps) {
			d := family[i]
			d.Holm = holm
			d.Distinct = holm < .05 && (d.Low > 0 || d.High < 0)
			out = append(out, d)
		}
	}
	return out
}

// best marks the winner of each column, if it is distinct from every other row.
func best(t *report.Task) {
	for _, metric := range t.Metrics {
		top, high := -1, math.Inf(-1)
		for i, w := range t.Rows {
			if s, ok := w.Scores[metric]; ok && s.Value > high {
				top, high = i, s.Value
			}
		}
		if top >= 0 && unrivaled(t, metric, t.Rows[top].Name) {
			s := t.Rows[top].Scores[metric]
			s.Best = true
			t.Rows[top].Scores[metric] = s
		}
	}
}

// unrivaled reports whether a row is distinct from every other one, of which there must be one.
func unrivaled(t *report.Task, metric, name string) bool {
	rivals := 0
	for _, d := range t.Pairs {
		if d.Metric == metric && (d.A == name || d.B == name) {
			if rivals++; !d.Distinct {
				return false
			}
		}
	}
	return rivals > 0
}

// disagreements returns the questions on which two candidates differ most, five for each pair of
// candidates.
func (t *madeTask) disagreements() (out []report.Disagreed) {
	var models []row
	for _, w := range t.rows {
		if w.kind == report.Model && w.failure == "" {
			models = append(models, w)
		}
	}
	for x := range models {
		for y := range x {
			a, b := models[y], models[x]
			var at []int
			for i := range a.main {
				if a.main[i] != b.main[i] {
					at = append(at, i)
				}
			}
			gap := func(i int) float64 { return math.Abs(a.main[i] - b.main[i]) }
			slices.SortStableFunc(at, func(i, j int) int { return cmp.Compare(gap(j), gap(i)) })
			for _, i := range at[:min(5, len(at))] {
				out = append(out, t.disagreed(a, b, i))
			}
		}
	}
	return out
}

func (t *madeTask) disagreed(a, b row, i int) report.Disagreed {
	d := report.Disagreed{A: a.name, B: b.name, ScoreA: a.main[i], ScoreB: b.main[i], FirstA: a.first[i], FirstB: b.first[i]}
	if t.pairs != nil {
		d.ID = shorten(t.pairs.Second[i])
		d.Text, d.Gold = shorten(t.pairs.First[i]), t.pairs.Gold[i]
		d.RightA, d.RightB = a.main[i] > b.main[i], b.main[i] > a.main[i]
		return d
	}
	q := t.retrieval.Queries[i]
	d.ID, d.Text = q.ID, shorten(q.Embedded())
	d.RightA, d.RightB = t.retrieval.Judged[q.ID][a.first[i]] > 0, t.retrieval.Judged[q.ID][b.first[i]] > 0
	d.FirstA, d.FirstB = t.retrieval.show(a.first[i]), t.retrieval.show(b.first[i])
	return d
}

// show returns a document's ID and beginning.
func (t *retrievalTask) show(id string) string {
	for _, doc := range t.Documents {
		if doc.ID == id {
			text := doc.Embedded()
			if rest, ok := strings.CutPrefix(text, id); ok { // the title is the ID
				text = rest
			}
			return shorten(id + ": " + strings.TrimSpace(text))
		}
	}
	return "nothing"
}

func shorten(s string) string {
	const most = 140
	runes := []rune(strings.Join(strings.Fields(s), " "))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-1]) + "…"
}
