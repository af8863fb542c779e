package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/internal/expect"
)

// compared is a report of one task in which each candidate has a score, and of each two the
// difference is told apart or not by kind: "*", "=", "?" or "".
func compared(kinds map[[2]string]string, scores ...float64) *Report {
	r := &Report{Run: Run{Complete: true}, Tasks: []Task{{Name: "set", Kind: "retrieval", Metrics: []string{"nDCG@10"}, Queries: 50}}}
	t := &r.Tasks[0]
	for i, v := range scores {
		name := string(rune('a' + i))
		r.Candidates = append(r.Candidates, Candidate{Name: name})
		t.Rows = append(t.Rows, Row{Name: name, Candidate: name, Kind: Model, Scores: map[string]Score{"nDCG@10": {Value: v, Low: v - .1, High: v + .1}}})
	}
	t.Rows = append(t.Rows, Row{Name: "BM25", Kind: Floor, Scores: map[string]Score{"nDCG@10": {Value: .2, Low: .1, High: .3}}})
	for i, a := range t.Rows {
		for _, b := range t.Rows[:i] {
			d := Difference{Metric: "nDCG@10", A: a.Name, B: b.Name, Value: a.Scores["nDCG@10"].Value - b.Scores["nDCG@10"].Value, Differ: 40}
			d.Low, d.High = d.Value-.1, d.Value+.1
			switch kinds[[2]string{b.Name, a.Name}] {
			case "*":
				d.Distinct = true
			case "=":
				d.Differ, d.Value, d.Low, d.High = 0, 0, -.05, .05
			case "?":
				d.Differ = 5
			}
			t.Pairs = append(t.Pairs, d)
		}
	}
	return r
}

func pair(a, b string) [2]string { return [2]string{a, b} }

func TestAdviceOnQuality(t *testing.T) {
	for name, c := range map[string]struct {
		kinds  map[[2]string]string
		scores []float64
		want   string
	}{
		"a winner":          {map[[2]string]string{pair("a", "b"): "*"}, []float64{.6, .4}, "For quality on set take a."},
		"a winner, below":   {map[[2]string]string{pair("a", "b"): "*"}, []float64{.4, .6}, "For quality on set take b."},
		"not told apart":    {nil, []float64{.6, .4}, "For quality on set take a or b: they cannot be told apart."},
		"identical":         {map[[2]string]string{pair("a", "b"): "="}, []float64{.6, .6}, "For quality on set take a or b: they are identical on every question."},
		"too few questions": {map[[2]string]string{pair("a", "b"): "?"}, []float64{.6, .4}, "For quality on set take a or b: they differ on too few questions to tell."},
		"all of three": {
			map[[2]string]string{pair("a", "b"): "="}, []float64{.6, .6, .5},
			"For quality on set take any of the 3: none can be told apart from a, the highest.",
		},
		"two of three": {
			map[[2]string]string{pair("a", "c"): "*", pair("b", "c"): "*"}, []float64{.6, .5, .4},
			"For quality on set take a or b: they cannot be told apart.",
		},
		"all but one": {
			map[[2]string]string{pair("a", "d"): "*"}, []float64{.6, .5, .5, .4},
			"For quality on set take any of the 4 but d: none can be told apart from a, the highest.",
		},
		"one alone": {nil, []float64{.6}, "a is the only candidate with figures."},
		"nobody":    {nil, nil, "No candidate has figures."},
	} {
		t.Run(name, func(t *testing.T) {
			expect.Equal(t, "the sentence", compared(c.kinds, c.scores...).advice()[0], c.want)
		})
	}
	expect.Equal(t, "a report without tasks", (&Report{Candidates: []Candidate{{Name: "a"}}}).advice()[0], "No candidate has figures.")
}

// priced gives candidates p50 in ms, texts/s, USD for a million texts (0: local) and bytes of a
// vector.
func priced(r *Report, figures ...[4]float64) *Report {
	for i, f := range figures {
		c := &r.Candidates[i]
		c.Speed = []Speed{
			{Loop: "closed", Texts: "queries", Batch: 1, P50: f[0] / 1000, TextsPerSecond: 1e6},
			{Loop: "closed", Texts: "documents", Batch: 1, P50: 9, TextsPerSecond: f[1] / 2},
			{Loop: "closed", Texts: "documents", Batch: 64, P50: 9, TextsPerSecond: f[1]},
			{Loop: "open", Texts: "queries", Batch: 1, P50: 1e-9, TextsPerSecond: 1e9},
		}
		c.VectorBytes, c.IndexBytes = int(f[3]), int64(f[3])*1_000_000
		c.Costs = []TaskCost{{Task: "set", Texts: 1000, Local: f[2] == 0}}
		if f[2] > 0 {
			c.Costs[0].Currency, c.Costs[0].Spent, c.Costs[0].Million = "USD", f[2]/1000, f[2]
		}
	}
	return r
}

func TestAdviceOnTheRest(t *testing.T) {
	distinct := map[[2]string]string{pair("a", "b"): "*", pair("a", "c"): "*", pair("b", "c"): "*"}
	for name, c := range map[string]struct {
		r    *Report
		want string
	}{
		"each for something": {
			priced(compared(distinct, .6, .5, .4), [4]float64{9, 100, 5, 4096}, [4]float64{1, 100, 7, 4096}, [4]float64{9, 900, 7, 1024}),
			"For price and quality on set take a; for latency, b; for throughput and size, c.",
		},
		"one for everything": {
			priced(compared(distinct, .6, .5), [4]float64{1, 900, 0, 1024}, [4]float64{9, 100, 7, 4096}),
			"For latency, throughput, price, size and quality on set take a.",
		},
		"speeds that are alike": {
			priced(compared(distinct, .6, .5, .4), [4]float64{10, 1000, 5, 4096}, [4]float64{12, 1200, 5, 4096}, [4]float64{99, 1100, 5, 4096}),
			"For quality on set take a; for latency, a or b.",
		},
		"of the best, which cannot be told apart, by the rest": {
			priced(compared(map[[2]string]string{pair("a", "c"): "*", pair("b", "c"): "*"}, .6, .5, .4),
				[4]float64{9, 500, 5, 4096}, [4]float64{3, 500, 5, 2048}, [4]float64{1, 900, 0, 1024}),
			"For quality on set take a or b: they cannot be told apart; among these 2, for latency and size, b.",
		},
	} {
		t.Run(name, func(t *testing.T) { expect.Equal(t, "the sentence", c.r.advice()[0], c.want) })
	}
	r := priced(compared(distinct, .6, .5), [4]float64{1, 900, 6, 1024}, [4]float64{9, 100, 7, 4096})
	r.Candidates[1].Costs[0].Currency = "CNY" // nobody can say which of both is cheaper
	if got := r.advice()[0]; strings.Contains(got, "price") {
		t.Errorf("got %q, want nothing on prices in two currencies", got)
	}
	expect.Equal(t, "the row of b", r.summary().rows[1], []string{"b", "50.00 ", "[40.00 60.00]", "9.00", "100", "7.00 CNY", "4.10"})
}

// Several tasks have one sentence, and a column each.
func TestAdviceOnTasks(t *testing.T) {
	r := compared(map[[2]string]string{pair("a", "b"): "*"}, .6, .4)
	second := r.Tasks[0]
	second.Name = "other, sample of 9"
	r.Tasks = append(r.Tasks, second)
	expect.Equal(t, "the sentence", r.advice()[0], "For quality on set and other take a.")
	expect.Equal(t, "the columns", r.summary().head[:3], []string{"embedder", "set: nDCG@10 × 100", "other: nDCG@10 × 100"})
	r.Tasks[1].Pairs = nil
	expect.Equal(t, "the sentence of two answers", r.advice()[0], "For quality on set take a; for quality on other, a or b: they cannot be told apart.")
	r.Tasks[0].Name = "other, sample of 5"
	if got := r.summary().head[1:3]; got[0] == got[1] {
		t.Errorf("got the columns %q, want two names", got)
	}
}

func TestAdviceOnWords(t *testing.T) {
	kinds := map[[2]string]string{pair("a", "BM25"): "*", pair("b", "c"): "="}
	r := compared(kinds, .6, .2, .2)
	if got := r.advice(); !slices.Contains(got, "On set, b and c are identical on every question.") || !slices.Contains(got, "On set, a is better than words alone (BM25).") {
		t.Errorf("got %q, want what is identical and what is better than words alone", got)
	}
	r = compared(nil, .6, .5)
	if got := r.advice(); !slices.Contains(got, "On set, no candidate is shown to be better than words alone (BM25).") {
		t.Errorf("got %q, want that nobody is better than words alone", got)
	}
	if got := strings.Join(sample().advice(), "\n"); !strings.Contains(got, "with words beside meaning (fused by scores), cheap is not shown to be better than alone") {
		t.Errorf("got %q, want what fusion does", got)
	}
}
