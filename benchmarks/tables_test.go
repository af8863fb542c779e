package benchmarks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/internal/expect"
)

// valued is a task of n questions whose rows have these values, by row and question, in the first
// metric, and in the second the same values for all.
func valued(n int, values map[string][]float64) *madeTask {
	t := &madeTask{pairs: &pairsTask{&datasets.Pairs{Name: "x", First: make([]string, n), Second: make([]string, n), Gold: make([]float64, n)}}}
	t.Task.Pairs = t.pairs.Pairs
	for _, name := range []string{"a", "b", "c"} {
		t.rows = append(t.rows, row{
			name: name, candidate: name, kind: report.Model, main: values[name], first: make([]string, n),
			stats: map[string]metrics.Statistic{"Spearman": metrics.Mean(values[name]), "Pearson": metrics.Mean(values["a"])},
		})
	}
	return t
}

// A winner is marked, and two rows are called distinct, only if the questions show it.
func TestWinner(t *testing.T) {
	const n = 60
	values := map[string][]float64{}
	for i := range n {
		wave := math.Sin(float64(i))
		values["a"] = append(values["a"], .8+.1*wave)
		values["b"] = append(values["b"], .5+.1*wave)
		values["c"] = append(values["c"], .505-.2*wave)
	}
	r := &run{Options: Options{Seed: 1, Resamples: 1000}}
	made, err := r.table(valued(n, values))
	expect.NoError(t, err)
	for _, w := range made.Rows {
		if w.Scores["Spearman"].Best != (w.Name == "a") || w.Scores["Pearson"].Best {
			t.Errorf("%s: got %+v, want only a to be the best, by Spearman", w.Name, w.Scores)
		}
	}
	for _, d := range made.Pairs {
		expect.Equal(t, fmt.Sprintf("%+v: distinct", d), d.Distinct, d.Metric == "Spearman" && d.A == "a")
		if d.Holm < d.P {
			t.Errorf("corrected p is below p: %+v", d)
		}
	}

	// The highest value alone is no winner: it must be distinct from every other row.
	values["a"], values["c"] = values["b"], values["a"]
	for i := range values["a"] {
		values["a"][i] = values["c"][i] + .02*math.Cos(7*float64(i))
	}
	made, err = r.table(valued(n, values))
	expect.NoError(t, err)
	for _, w := range made.Rows {
		if w.Scores["Spearman"].Best {
			t.Errorf("%s won by noise: %+v", w.Name, made.Pairs)
		}
	}
}

// Few questions that differ show nothing, however many there are in all: 50 of which 4 differ, to
// one side, are not significant, and 1 to 5 questions never are.
func TestFewQuestions(t *testing.T) {
	for _, c := range []struct{ n, differ int }{{1, 1}, {2, 2}, {3, 3}, {5, 5}, {50, 4}, {50, 5}} {
		values := map[string][]float64{"a": make([]float64, c.n), "b": make([]float64, c.n), "c": make([]float64, c.n)}
		for i := range c.differ {
			values["a"][i] = 1
		}
		r := &run{Options: Options{Seed: 1, Resamples: 1000}}
		made, err := r.table(valued(c.n, values))
		expect.NoError(t, err)
		for _, d := range made.Pairs {
			if d.Distinct || d.P < .05 || d.Metric == "Spearman" && d.A == "a" && (d.Differ != c.differ || !strings.Contains(d.Words(), "too few to tell")) {
				t.Errorf("%d of %d questions differ: got %+v, %q", c.differ, c.n, d, d.Words())
			}
			if d.High-d.Low < .01 {
				t.Errorf("%d of %d questions differ: the interval [%v %v] has no width", c.differ, c.n, d.Low, d.High)
			}
		}
		for _, w := range made.Rows {
			if s := w.Scores["Spearman"]; s.Best || s.High-s.Low < .01 {
				t.Errorf("%d questions: got %+v, want a width and no winner", c.n, s)
			}
		}
	}
}

// On noise alone hardly a pair of rows is called different, on small sets as on large ones.
func TestNoiseHasNoWinner(t *testing.T) {
	const sets = 200
	for _, n := range []int{2, 5, 10, 30} {
		random := rand.New(rand.NewPCG(1, uint64(n)))
		called := 0
		for range sets {
			values := map[string][]float64{}
			for range n {
				hard := random.Float64()
				for _, name := range []string{"a", "b", "c"} {
					values[name] = append(values[name], min(1, max(0, hard+.3*random.NormFloat64())))
				}
			}
			made, err := (&run{Options: Options{Seed: 1, Resamples: 200}}).table(valued(n, values))
			expect.NoError(t, err)
			if slices.ContainsFunc(made.Pairs, func(d report.Difference) bool { return d.Distinct }) {
				called++
			}
		}
		if called > sets/20 {
			t.Errorf("%d questions: two of three equal rows are called different in %d of %d sets", n, called, sets)
		}
	}
}
