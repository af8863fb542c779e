package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// plot is one plot of the page, with a description for readers who cannot see it.
type plot struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"` // the function in plots.js that draws it
	Title string `json:"title"`
	X     string `json:"x"` // names of the axes
	Y     string `json:"y"`
	Alt   string `json:"-"`
	Data  []mark `json:"data"`
	Floor *mark  `json:"floor,omitempty"` // words alone: a line across
	Group string `json:"-"`               // heading above it
}

// mark is one thing in a plot.
type mark struct {
	Name  string  `json:"name"`
	Kind  string  `json:"kind,omitempty"`      // kind of a row or its fusion, or storage of a point
	Of    string  `json:"candidate,omitempty"` // of a row
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Low   float64 `json:"low,omitempty"`
	High  float64 `json:"high,omitempty"`
	Front bool    `json:"front,omitempty"` // no other mark is better in both
}

// plots returns all plots in the page's order.
func (r *Report) plots() (out []plot) {
	for i, t := range r.read() {
		id := fmt.Sprintf("task%d-", i)
		add := func(p plot) {
			if len(p.Data) > 0 {
				if w, ok := t.floor(); ok {
					s := w.Scores[t.Metrics[0]]
					p.Floor = &mark{Name: w.Name, X: 100 * s.Value, Low: 100 * s.Low, High: 100 * s.High}
					p.Alt += fmt.Sprintf(" A line across is words alone: %s %.1f.", w.Name, 100*s.Value)
				}
				p.ID, p.Group = id+p.ID, t.Name
				out = append(out, p)
			}
		}
		add(t.intervals())
		add(r.against(t, "latency", "median latency of one text, ms", r.latency))
		for _, currency := range r.currencies() {
			add(r.against(t, "cost in "+currency, "cost of a million texts of this set, "+currency, r.price(t, currency)))
		}
		add(t.sizes("dimensions", "dimensions", func(p Point) float64 { return float64(p.Dimensions) }))
		add(t.sizes("bytes", "size of one vector, bytes", func(p Point) float64 { return float64(p.Bytes) }))
	}
	for _, loop := range []string{"closed", "open"} {
		if p := r.ecdf(loop); len(p.Data) > 0 {
			out = append(out, p)
		}
	}
	if p := r.throughput(); len(p.Data) > 0 {
		out = append(out, p)
	}
	return out
}

func (t Task) intervals() plot {
	m := t.Metrics[0]
	p := plot{ID: "quality", Kind: "intervals", Title: "Quality: " + m + " with 95 % intervals", X: t.unit()}
	var words []string
	for _, w := range t.sorted() {
		if s, ok := w.Scores[m]; ok {
			if w.Kind != Floor {
				kind := w.Kind
				if kind == Fused {
					kind = cmp.Or(w.Fusion, ByRanks)
				}
				p.Data = append(p.Data, mark{Name: w.Name, Kind: kind, Of: w.Candidate, X: 100 * s.Value, Low: 100 * s.Low, High: 100 * s.High})
			}
			words = append(words, fmt.Sprintf("%s %.1f (%.1f to %.1f)", w.Name, 100*s.Value, 100*s.Low, 100*s.High))
		}
	}
	p.Alt = fmt.Sprintf("Dots with intervals, best first: %s.", strings.Join(words, "; "))
	return p
}

// against plots quality over a figure that should be low, and marks what nothing beats in both.
func (r *Report) against(t Task, id, x string, of func(Candidate) (float64, bool)) plot {
	m := t.Metrics[0]
	p := plot{ID: id, Kind: "front", Title: "Quality against " + id, X: x, Y: t.unit()}
	p.ID = strings.ReplaceAll(id, " ", "-")
	for _, c := range r.Candidates {
		v, known := of(c)
		i := slices.IndexFunc(t.Rows, func(w Row) bool { return w.Kind == Model && w.Candidate == c.Name && w.Failure == "" })
		if !known || i < 0 {
			continue
		}
		s, ok := t.Rows[i].Scores[m]
		if !ok {
			continue
		}
		p.Data = append(p.Data, mark{Name: c.Name, X: v, Y: 100 * s.Value, Low: 100 * s.Low, High: 100 * s.High})
	}
	var words []string
	for i := range p.Data {
		a := &p.Data[i]
		a.Front = !slices.ContainsFunc(p.Data, func(b mark) bool {
			return b.X <= a.X && b.Y >= a.Y && (b.X < a.X || b.Y > a.Y)
		})
		note := ""
		if a.Front {
			note = ", on the front"
		}
		words = append(words, fmt.Sprintf("%s: %s at %s%s", a.Name, figure(a.Y), figure(a.X), note))
	}
	p.Alt = fmt.Sprintf("Dots of %s over %s. %s. On the Pareto front is what no other candidate beats in both.", m, x, strings.Join(words, "; "))
	return p
}

// latency returns the median time of single queries in a closed loop, in milliseconds.
func (r *Report) latency(c Candidate) (float64, bool) {
	for _, s := range c.Speed {
		if s.Loop == "closed" && s.Batch == 1 && s.Texts != "documents" && s.P50 > 0 {
			return 1000 * s.P50, true
		}
	}
	return 0, false
}

// price returns the cost of a million texts of a task in a currency. A local model costs nothing in
// every currency.
func (r *Report) price(t Task, currency string) func(Candidate) (float64, bool) {
	return func(c Candidate) (float64, bool) {
		for _, cost := range c.Costs {
			if cost.Task == t.Name && (cost.Currency == currency || cost.Local) {
				return cost.Million, true
			}
		}
		return 0, false
	}
}

// currencies returns the currencies of all prices.
func (r *Report) currencies() (out []string) {
	for _, c := range r.Candidates {
		for _, t := range c.Costs {
			if t.Currency != "" && !slices.Contains(out, t.Currency) {
				out = append(out, t.Currency)
			}
		}
	}
	slices.Sort(out)
	return out
}

func (t Task) sizes(id, x string, of func(Point) float64) plot {
	p := plot{ID: id, Kind: "sizes", Title: "Quality against " + x, X: x, Y: t.unit()}
	var words []string
	for _, d := range t.Dimensions {
		p.Data = append(p.Data, mark{Name: d.Candidate, Kind: d.Storage, X: of(d), Y: 100 * d.Value, Low: 100 * d.Low, High: 100 * d.High})
		words = append(words, fmt.Sprintf("%s %s %.0f: %.1f", d.Candidate, d.Storage, of(d), 100*d.Value))
	}
	slices.SortStableFunc(p.Data, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.X, b.X))
	})
	p.Alt = fmt.Sprintf("Lines of %s over %s, by candidate and storage: %s.", t.Metrics[0], x, strings.Join(words, "; "))
	return p
}

func (r *Report) ecdf(loop string) plot {
	p := plot{ID: "latency-" + loop, Kind: "ecdf", Title: "Latency of single texts, one after the other", X: "latency, ms", Y: "answers, %", Group: "Speed"}
	if loop == "open" {
		p.Title = "Latency of single texts at a fixed rate, from the moment they were due"
	}
	var words []string
	for _, c := range r.Candidates {
		for _, s := range c.Speed {
			if s.Loop != loop || s.Batch != 1 || s.Texts == "documents" {
				continue
			}
			for i, step := range s.ECDF {
				if i == 0 { // the curve begins on the axis
					p.Data = append(p.Data, mark{Name: c.Name, X: 1000 * step[0]})
				}
				p.Data = append(p.Data, mark{Name: c.Name, X: 1000 * step[0], Y: 100 * step[1]})
			}
			words = append(words, fmt.Sprintf("%s p50 %s ms, p95 %s ms", c.Name, figure(1000*s.P50), figure(1000*s.P95)))
		}
	}
	p.Alt = fmt.Sprintf("Share of answers by latency: %s.", strings.Join(words, "; "))
	return p
}

func (r *Report) throughput() plot {
	p := plot{ID: "throughput", Kind: "throughput", Title: "Throughput against batch size", X: "texts per request", Y: "texts/s", Group: "Speed"}
	var words []string
	for _, c := range r.Candidates {
		for _, s := range c.Speed {
			if s.Loop == "closed" && s.Texts != "queries" && s.TextsPerSecond > 0 {
				p.Data = append(p.Data, mark{Name: c.Name, X: float64(s.Batch), Y: s.TextsPerSecond})
				words = append(words, fmt.Sprintf("%s %d: %s", c.Name, s.Batch, figure(s.TextsPerSecond)))
			}
		}
	}
	p.Alt = fmt.Sprintf("Lines of texts a second over texts per request, one request at a time: %s.", strings.Join(words, "; "))
	return p
}
