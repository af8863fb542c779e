package benchmarks

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

// tiny is a set of 30 documents with a query each, which shares words with its document.
func tiny() Task {
	r := &datasets.Retrieval{Name: "tiny", Judged: map[string]map[string]int{}}
	for i := range 30 {
		d, q := fmt.Sprintf("d%d", i), fmt.Sprintf("q%d", i)
		r.Documents = append(r.Documents, datasets.Text{ID: d, Body: fmt.Sprintf("document about subject%d and more", i)})
		r.Queries = append(r.Queries, datasets.Text{ID: q, Body: fmt.Sprintf("what is subject%d", i)})
		r.Judged[q] = map[string]int{d: 1}
	}
	return Task{Retrieval: r}
}

func tinyPairs() Task {
	p := &datasets.Pairs{Name: "tiny pairs"}
	for i := range 20 {
		p.First, p.Second = append(p.First, fmt.Sprintf("sentence %d", i)), append(p.Second, fmt.Sprintf("sentence %d", i*i%7))
		p.Gold = append(p.Gold, float64(i%5))
	}
	return Task{Pairs: p}
}

// fake is an embedder named name whose Price is 1 USD a million tokens.
func fake(name string, script func(embedtest.Call) embedtest.Reply) *embedtest.Fake {
	return embedtest.NewFake(embedtest.FakeOptions{Script: script, Model: embedding.Model{
		ID: name, Dimensions: 64, Endpoint: "api.example.com", Limits: embedding.Limits{Texts: 10},
		Price: embedding.Price{PerMillion: 1, Currency: "USD", AsOf: "2026-10-01"},
	}})
}

func quick(dir string) Options {
	return Options{Dir: dir, Resamples: 200, Speed: SpeedOptions{Off: true}, NoDimensions: true}
}

func compare(t *testing.T, o Options, tasks []Task, embedders ...embedding.Embedder) *report.Report {
	t.Helper()
	var cs []Candidate
	for _, e := range embedders {
		cs = append(cs, Candidate{Embedder: e})
	}
	r, err := Compare(t.Context(), cs, tasks, o)
	expect.NoError(t, err)
	return r
}

func find(t *testing.T, r *report.Report, task, name string) report.Row {
	t.Helper()
	for _, x := range r.Tasks {
		for _, row := range x.Rows {
			if x.Name == task && row.Name == name {
				return row
			}
		}
	}
	t.Fatalf("%s has no row %s", task, name)
	return report.Row{}
}

func TestEveryRowAndColumn(t *testing.T) {
	o := Options{Dir: t.TempDir(), Resamples: 200, MonthlyTexts: 1000, Speed: SpeedOptions{Requests: 4, Rate: 1000}}
	r := compare(t, o, []Task{tiny(), tinyPairs()}, fake("a", nil), fake("b", nil))
	if len(r.Tasks) != 2 || !r.Run.Complete || len(r.Failed()) != 0 {
		t.Fatalf("got %+v, want a complete run of 2 tasks without failures", r.Run)
	}
	for _, name := range []string{"a", "b", "BM25", "BM25 + a (scores)", "BM25 + a (ranks)", "BM25 + b (scores)", "BM25 + b (ranks)"} {
		row := find(t, r, "tiny", name)
		for _, m := range []string{"nDCG@10", "recall@10", "recall@100", "MRR@10", "MAP", "P@10", "hit@10"} {
			s, ok := row.Scores[m]
			if !ok || s.Low > s.Value || s.High < s.Value {
				t.Errorf("%s, %s: got %+v, want a value inside its interval", name, m, s)
			}
		}
	}
	expect.Equal(t, "BM25, which finds every document by its word", find(t, r, "tiny", "BM25").Scores["nDCG@10"].Value, 1)
	for _, name := range []string{"a", "b", "3-grams in common"} {
		expect.Equal(t, name+": scores", len(find(t, r, "tiny pairs", name).Scores), 2)
	}
	expect.Equal(t, "differences of 7 rows and 7 metrics", len(r.Tasks[0].Pairs), 7*7*6/2)
	expect.Equal(t, "points of 2 candidates, 2 dimensions and 3 ways to store", len(r.Tasks[0].Dimensions), 2*2*3)
	if len(r.Tasks[0].Disagreed) == 0 {
		t.Error("no query on which the candidates differ")
	}
	c := r.Candidates[0]
	if len(c.Speed) != 5 || len(c.Speed[0].ECDF) != 4 {
		t.Fatalf("got the speed %+v, want 5 measurements with 4 steps", c.Speed)
	}
	expect.Equal(t, "batches", [2]int{c.Speed[0].Batch, c.Speed[3].Batch}, [2]int{1, 10})
	expect.Equal(t, "the last loop", c.Speed[4].Loop, "open")
	if c.VectorBytes != 256 || c.IndexBytes != 256e6 {
		t.Errorf("%d and %d bytes", c.VectorBytes, c.IndexBytes)
	}
	cost := c.Costs[0]
	expect.Equal(t, "texts that cost", cost.Texts, 60)
	expect.Equal(t, "currency", cost.Currency, "USD")
	expect.Equal(t, "estimated", cost.Estimated, false)
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	near("spent", cost.Spent*1000, cost.Tokens/1000)
	near("per million", cost.Million, cost.Spent/60*1e6)
	near("monthly", cost.Monthly, cost.Million/1000)
}

func TestProgress(t *testing.T) {
	var mu sync.Mutex
	var steps []Progress
	o := quick(t.TempDir())
	o.Progress = func(p Progress) {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, p)
	}
	compare(t, o, []Task{tiny()}, fake("a", nil))
	if len(steps) < 7 || steps[0] != (Progress{Candidate: "a", Step: "tiny", Total: 60}) {
		t.Fatalf("got %+v, want 7 steps or more, the first with 0 of 60 texts", steps)
	}
	most := 0
	for _, p := range steps {
		if p.Step == "tiny" {
			most = max(most, p.Done)
		}
	}
	expect.Equal(t, "the most texts told", most, 60)
}

// TestPublished compares the local model on real sets with its published figures, and times what
// the project promises.
func TestPublished(t *testing.T) {
	dir := os.Getenv("EMBEDDING_TESTDATA")
	if dir == "" {
		t.Skip("NOT TESTED: EMBEDDING_TESTDATA is not set, so no published figure is held")
	}
	set, err := datasets.LoadRetrieval(filepath.Join(dir, "scifact"), "")
	expect.NoError(t, err)
	en, err := datasets.LoadPairs(filepath.Join(dir, "stsb-multi-mt", "stsb-en-test.csv"))
	expect.NoError(t, err)
	zh, err := datasets.LoadPairs(filepath.Join(dir, "stsb-multi-mt", "stsb-zh-test.csv"))
	expect.NoError(t, err)
	o := quick(t.TempDir())
	r, err := Compare(t.Context(), []Candidate{{Reference: "static:base"}, {Reference: "static:base?dimensions=64"}},
		[]Task{{Retrieval: set}, {Pairs: en}, {Pairs: zh}}, o)
	expect.NoError(t, err)
	for _, c := range []struct {
		task, row, metric string
		want, within      float64
	}{
		{task: "scifact", row: "static:base", metric: "nDCG@10", want: .5475, within: .002},
		{task: "scifact", row: "static:base?dimensions=64", metric: "nDCG@10", want: .3846, within: .002},
		{task: "scifact", row: "BM25", metric: "nDCG@10", want: .675, within: .015},
		{task: "stsb-en-test", row: "static:base", metric: "Spearman", want: .7758, within: .002},
		{task: "stsb-en-test", row: "static:base?dimensions=64", metric: "Spearman", want: .7244, within: .002},
		{task: "stsb-zh-test", row: "static:base", metric: "Spearman", want: .7084, within: .002},
		{task: "stsb-en-test", row: "3-grams in common", metric: "Spearman", want: .6528766909, within: 1e-9},
		{task: "stsb-zh-test", row: "2-grams in common", metric: "Spearman", want: .5271541829, within: 1e-9},
	} {
		if got := find(t, r, c.task, c.row).Scores[c.metric].Value; math.Abs(got-c.want) > c.within {
			t.Errorf("%s, %s: %s is %.4f, published %.4f", c.task, c.row, c.metric, got, c.want)
		}
	}
}
