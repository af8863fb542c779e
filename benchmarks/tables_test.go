package benchmarks

import (
	"math"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/internal/metrics"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/embedtest"
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

// A winner is marked, and two rows are called distinct, only where the questions show it.
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
		if want := d.Metric == "Spearman" && d.A == "a"; d.Distinct != want {
			t.Errorf("got %+v, want only a distinct from the others, by Spearman", d)
		}
		if d.Holm < d.P {
			t.Errorf("corrected p is below p: %+v", d)
		}
	}

	// The highest value alone is no winner: it must be distinct from every other row.
	values["a"], values["c"] = values["b"], values["a"]
	for i := range values["a"] {
		values["a"][i] = values["c"][i] + .02*math.Cos(7*float64(i))
	}
	if made, err = r.table(valued(n, values)); err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
	for _, w := range made.Rows {
		if w.Scores["Spearman"].Best {
			t.Errorf("%s won by noise: %+v", w.Name, made.Pairs)
		}
	}
}

// A fused row has both rankings in it: what words find first is first, whatever the model says.
func TestFusedRow(t *testing.T) {
	r := compare(t, quick(t.TempDir()), []Task{tiny()}, fake("a", nil))
	own, fused := find(t, r, "tiny", "a").Scores["nDCG@10"].Value, find(t, r, "tiny", "BM25 + a").Scores["nDCG@10"].Value
	if own > .6 || fused != 1 {
		t.Errorf("the model alone %v, fused %v", own, fused)
	}
	if row := find(t, r, "tiny", "BM25 + a"); row.Scores["recall@100"].Value != 1 || row.Kind != report.Fused || row.Candidate != "a" {
		t.Errorf("got %+v, want recall@100 of 1 in a fused row of a", row)
	}
}

// Where the task changes nothing, a query with a document's words is the same text: it is asked for
// and counted once.
func TestSymmetric(t *testing.T) {
	set := tiny()
	set.Retrieval.Queries[0].Body = set.Retrieval.Documents[1].Body
	for symmetric, want := range map[bool]int{true: 59, false: 60} {
		f := embedtest.NewFake(embedtest.FakeOptions{Model: embedding.Model{Symmetric: symmetric}})
		o := quick(t.TempDir())
		o.Start = func(e Estimate) error {
			if e.Candidates[0].Texts != want {
				t.Errorf("symmetric %v: %d texts to send, want %d", symmetric, e.Candidates[0].Texts, want)
			}
			return nil
		}
		compare(t, o, []Task{set}, f)
		if got := f.Billed(set.Retrieval.Queries[0].Body); got != 1+want-59 {
			t.Errorf("symmetric %v: the text was billed %d times", symmetric, got)
		}
	}
}
