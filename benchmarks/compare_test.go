package benchmarks

import (
	"fmt"
	"math"
	"slices"
	"strings"
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
	for _, name := range []string{"a", "b", "BM25", "BM25 + a", "BM25 + b"} {
		row := find(t, r, "tiny", name)
		for _, m := range []string{"nDCG@10", "recall@10", "recall@100", "MRR@10", "MAP", "P@10", "hit@10"} {
			s, ok := row.Scores[m]
			if !ok || s.Low > s.Value || s.High < s.Value {
				t.Errorf("%s, %s: got %+v, want a value inside its interval", name, m, s)
			}
		}
	}
	if bm25 := find(t, r, "tiny", "BM25").Scores["nDCG@10"]; bm25.Value != 1 {
		t.Errorf("BM25 finds every document by its word, its nDCG is %v", bm25.Value)
	}
	for _, name := range []string{"a", "b", "3-grams in common"} {
		if len(find(t, r, "tiny pairs", name).Scores) != 2 {
			t.Errorf("%s: got %+v, want 2 scores", name, find(t, r, "tiny pairs", name))
		}
	}
	if n := len(r.Tasks[0].Pairs); n != 7*5*4/2 {
		t.Errorf("%d differences of 5 rows and 7 metrics", n)
	}
	if n := len(r.Tasks[0].Dimensions); n != 2*2*3 {
		t.Errorf("%d points: 2 candidates, 64 and 32 dimensions, 3 ways to store", n)
	}
	if len(r.Tasks[0].Disagreed) == 0 {
		t.Error("no query on which the candidates differ")
	}
	c := r.Candidates[0]
	if len(c.Speed) != 4 || c.Speed[0].Batch != 1 || c.Speed[2].Batch != 10 || c.Speed[3].Loop != "open" || len(c.Speed[0].ECDF) != 4 {
		t.Errorf("speed %+v", c.Speed)
	}
	if c.VectorBytes != 256 || c.IndexBytes != 256e6 {
		t.Errorf("%d and %d bytes", c.VectorBytes, c.IndexBytes)
	}
	cost := c.Costs[0]
	if cost.Texts != 60 || cost.Estimated || cost.Currency != "USD" || math.Abs(cost.Spent-cost.Tokens/1e6) > 1e-12 ||
		math.Abs(cost.Million-cost.Spent/60*1e6) > 1e-9 || math.Abs(cost.Monthly-cost.Million/1000) > 1e-9 {
		t.Errorf("cost %+v", cost)
	}
}

// Errors are part of the speed: none is tried again, none is dropped.
func TestSpeedCountsErrors(t *testing.T) {
	f := fake("a", func(c embedtest.Call) embedtest.Reply {
		if c.Number%2 == 0 {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.RateLimited, Status: 429}}
		}
		return embedtest.Reply{}
	})
	dir := t.TempDir()
	o := Options{Dir: dir, Resamples: 200, NoDimensions: true, Speed: SpeedOptions{Requests: 10, Rate: 1000}}
	r := compare(t, o, []Task{tiny()}, f)
	s := r.Candidates[0].Speed
	if len(s) != 4 || s[0].Errors["rate limited"] != 5 || s[0].Requests != 10 {
		t.Fatalf("got %+v, want 4 measurements, the first with 10 requests and 5 rate limits", s)
	}
	again := fake("a", nil)
	if r := compare(t, o, []Task{tiny()}, again); len(again.Calls()) != 0 || r.Candidates[0].Speed[0].P50 != s[0].P50 {
		t.Error("what was measured before was measured again")
	}
	offline := Options{Dir: dir, Resamples: 200, NoDimensions: true, Offline: true}
	if r := compare(t, offline, []Task{tiny()}, again); len(r.Candidates[0].Speed) != 4 || len(again.Calls()) != 0 {
		t.Error("offline, what was measured is not shown")
	}
}

// Where the largest batch that is measured is not the model's, the report says so.
func TestLargestBatch(t *testing.T) {
	o := Options{Dir: t.TempDir(), Resamples: 200, NoDimensions: true, Speed: SpeedOptions{Requests: 2, Rate: 1000, Largest: 6}}
	r := compare(t, o, []Task{tiny()}, fake("a", nil))
	var sizes []int
	for _, s := range r.Candidates[0].Speed {
		sizes = append(sizes, s.Batch)
	}
	if !slices.Equal(sizes, []int{1, 4, 6, 1}) || !strings.Contains(strings.Join(r.Notes, " "), "a takes 10 texts at once; its speed was measured with at most 6.") {
		t.Errorf("batches of %v, notes %q", sizes, r.Notes)
	}
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
	if most != 60 {
		t.Errorf("%d of 60 texts were told", most)
	}
}
