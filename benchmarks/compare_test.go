package benchmarks

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/benchmarks/datasets"
	"github.com/vecspace/embedding/benchmarks/report"
	"github.com/vecspace/embedding/embedtest"
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
	if err != nil {
		t.Fatal(err)
	}
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
		t.Fatalf("%+v", r.Run)
	}
	for _, name := range []string{"a", "b", "BM25", "BM25 + a", "BM25 + b"} {
		row := find(t, r, "tiny", name)
		for _, m := range []string{"nDCG@10", "recall@10", "recall@100", "MRR@10", "MAP", "P@10", "hit@10"} {
			s, ok := row.Scores[m]
			if !ok || s.Low > s.Value || s.High < s.Value {
				t.Errorf("%s, %s: %+v", name, m, s)
			}
		}
	}
	if bm25 := find(t, r, "tiny", "BM25").Scores["nDCG@10"]; bm25.Value != 1 {
		t.Errorf("BM25 finds every document by its word, its nDCG is %v", bm25.Value)
	}
	for _, name := range []string{"a", "b", "3-grams in common"} {
		if len(find(t, r, "tiny pairs", name).Scores) != 2 {
			t.Errorf("%s: %+v", name, find(t, r, "tiny pairs", name))
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

// Tokens of a report are those the provider billed, to the last one.
func TestTokensAreTheLedgers(t *testing.T) {
	f := fake("a", nil)
	r := compare(t, quick(t.TempDir()), []Task{tiny()}, f)
	if got, want := r.Candidates[0].Costs[0].Tokens, float64(f.Ledger().Tokens); math.Abs(got-want) > 1e-3 {
		t.Errorf("%v tokens, billed %v", got, want)
	}
}

func TestNothingIsPaidTwice(t *testing.T) {
	dir := t.TempDir()
	first := fake("a", nil)
	want := compare(t, quick(dir), []Task{tiny(), tinyPairs()}, first)
	again := fake("a", nil)
	got := compare(t, quick(dir), []Task{tiny(), tinyPairs()}, again)
	if n := len(again.Calls()); n != 0 {
		t.Errorf("%d calls for what is recorded", n)
	}
	if a, b := find(t, want, "tiny", "a"), find(t, got, "tiny", "a"); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%v\n%v", a, b)
	}
	for _, q := range tiny().requests() {
		if n := first.Billed(q.text); n != 1 {
			t.Errorf("%q was billed %d times", q.text, n)
		}
	}
	o := quick(dir)
	o.Offline = true
	offline := compare(t, o, []Task{tiny(), tinyPairs()}, again)
	if len(again.Calls()) != 0 || len(offline.Failed()) != 0 || !offline.Run.Offline {
		t.Errorf("offline: %d calls, failed %v", len(again.Calls()), offline.Failed())
	}
}

// Offline, a reference needs no key, and what is not recorded fails the candidate without a call.
func TestOffline(t *testing.T) {
	dir := t.TempDir()
	o := quick(dir)
	refs := []Candidate{{Reference: "static:base"}, {Reference: "static:base?dimensions=64"}}
	if _, err := Compare(t.Context(), refs[:1], []Task{tiny()}, o); err != nil {
		t.Fatal(err)
	}
	o.Offline = true
	r, err := Compare(t.Context(), refs, []Task{tiny()}, o)
	if err != nil || !slices.Equal(r.Failed(), []string{"static:base?dimensions=64"}) {
		t.Fatalf("failed %v, %v", r.Failed(), err)
	}
	r, err = Compare(t.Context(), refs[:1], []Task{tiny(), tinyPairs()}, o)
	if err != nil || !strings.Contains(r.Candidates[0].Failure, "not recorded") {
		t.Errorf("failure %q, %v", r.Candidates[0].Failure, err)
	}
	if find(t, r, "tiny", "static:base").Failure != "" || find(t, r, "tiny pairs", "static:base").Failure == "" {
		t.Error("the task that is recorded has no figures, or the other has some")
	}
}

// A candidate that fails half way is shown as failed, its paid answers are kept, and the others are compared.
func TestHalfWay(t *testing.T) {
	dir := t.TempDir()
	broken := fake("broken", func(c embedtest.Call) embedtest.Reply {
		if c.Number > 3 {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Exhausted, Err: errors.New("arrears")}}
		}
		return embedtest.Reply{}
	})
	r := compare(t, quick(dir), []Task{tiny()}, broken, fake("good", nil))
	if !slices.Equal(r.Failed(), []string{"broken"}) || !strings.Contains(r.Candidates[0].Failure, "arrears") {
		t.Fatalf("failed %v: %s", r.Failed(), r.Candidates[0].Failure)
	}
	if find(t, r, "tiny", "broken").Failure == "" || len(find(t, r, "tiny", "good").Scores) == 0 {
		t.Error("the failed row has no reason, or the good one no figures")
	}
	healed := fake("broken", nil)
	r = compare(t, quick(dir), []Task{tiny()}, healed)
	if len(r.Failed()) != 0 || healed.Ledger().Tokens == 0 {
		t.Fatalf("failed %v", r.Failed())
	}
	for _, q := range tiny().requests() {
		if n := broken.Billed(q.text) + healed.Billed(q.text); n != 1 {
			t.Errorf("%q was billed %d times", q.text, n)
		}
	}
}

func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	var served atomic.Int64
	slow := fake("a", func(c embedtest.Call) embedtest.Reply {
		if served.Add(1) == 3 {
			cancel()
			return embedtest.Reply{Latency: time.Hour}
		}
		return embedtest.Reply{}
	})
	r, err := Compare(ctx, []Candidate{{Embedder: slow, Parallel: 1}}, []Task{tiny()}, quick(dir))
	if !errors.Is(err, context.Canceled) || r == nil || r.Run.Complete || len(r.Failed()) != 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	rest := fake("a", nil)
	compare(t, quick(dir), []Task{tiny()}, rest)
	for _, q := range tiny().requests() {
		if n := slow.Billed(q.text) + rest.Billed(q.text); n != 1 {
			t.Errorf("%q was billed %d times", q.text, n)
		}
	}
	if rest.Ledger().Requests >= 6 {
		t.Errorf("%d requests after the interruption: nothing was kept", rest.Ledger().Requests)
	}
}

// What a provider refuses counts against it and does not stop the comparison.
func TestRefusedTexts(t *testing.T) {
	dir := t.TempDir()
	picky := func() *embedtest.Fake {
		return fake("a", func(embedtest.Call) embedtest.Reply {
			return embedtest.Reply{Each: func(text string) error {
				if strings.Contains(text, "subject7 ") || strings.HasSuffix(text, "subject9") {
					return &embedding.Error{Kind: embedding.Rejected, Err: errors.New("inappropriate")}
				}
				return nil
			}}
		})
	}
	r := compare(t, quick(dir), []Task{tiny()}, picky())
	if len(r.Failed()) != 0 || r.Candidates[0].Refused != 2 || !strings.Contains(strings.Join(r.Notes, " "), "a refused 2 of the texts") {
		t.Errorf("%v, %d refused, notes %q", r.Failed(), r.Candidates[0].Refused, r.Notes)
	}
	again := picky()
	if compare(t, quick(dir), []Task{tiny()}, again); len(again.Calls()) != 0 {
		t.Errorf("%d calls: refusals were not recorded", len(again.Calls()))
	}
}

// A slow model gets the time that the candidate says.
func TestTimeout(t *testing.T) {
	for limit, fails := range map[time.Duration]bool{0: true, 5 * time.Minute: false} {
		synctest.Test(t, func(t *testing.T) {
			slow := fake("a", func(embedtest.Call) embedtest.Reply { return embedtest.Reply{Latency: 2 * time.Minute} })
			r, err := Compare(t.Context(), []Candidate{{Embedder: slow, Timeout: limit}}, []Task{tiny()}, quick(t.TempDir()))
			if err != nil || (r.Candidates[0].Failure != "") != fails {
				t.Errorf("within %v: %v, failure %q", limit, err, r.Candidates[0].Failure)
			}
		})
	}
}

func TestRetriesAreCounted(t *testing.T) {
	f := fake("a", func(c embedtest.Call) embedtest.Reply {
		if c.Number == 2 {
			return embedtest.Reply{Err: &embedding.Error{Kind: embedding.Unavailable}}
		}
		return embedtest.Reply{}
	})
	r := compare(t, quick(t.TempDir()), []Task{tiny()}, f)
	a := r.Candidates[0].Attempts
	if len(r.Failed()) != 0 || a.Sent != 7 || a.Failed["service unavailable"] != 1 {
		t.Errorf("%v, %+v", r.Failed(), a)
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
		t.Fatalf("%+v", s)
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
		t.Fatalf("%+v", steps)
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

func TestRefusedCalls(t *testing.T) {
	one := []Candidate{{Embedder: fake("a", nil)}}
	for name, c := range map[string]struct {
		candidates []Candidate
		tasks      []Task
		o          Options
	}{
		"no candidate":      {nil, []Task{tiny()}, Options{}},
		"no task":           {one, nil, Options{}},
		"a name twice":      {append(one, one...), []Task{tiny()}, Options{}},
		"one file for two":  {[]Candidate{{Name: "a", Reference: "static:base"}, {Name: "b", Reference: "static:base"}}, []Task{tiny()}, Options{}},
		"a task twice":      {one, []Task{tiny(), tiny()}, Options{}},
		"an empty task":     {one, []Task{{}}, Options{}},
		"no documents":      {one, []Task{{Retrieval: &datasets.Retrieval{Name: "x"}}}, Options{}},
		"uneven pairs":      {one, []Task{{Pairs: &datasets.Pairs{Gold: []float64{1, 2, 3}}}}, Options{}},
		"offline, no files": {one, []Task{tiny()}, Options{Offline: true}},
		"k":                 {one, []Task{tiny()}, Options{K: 5000}},
	} {
		if r, err := Compare(t.Context(), c.candidates, c.tasks, c.o); err == nil {
			t.Errorf("%s: no error, %+v", name, r.Run)
		}
	}
}

func TestUnknownReferences(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "")
	o := quick(t.TempDir())
	r, err := Compare(t.Context(), []Candidate{
		{Reference: "nobody:x"}, {Reference: "static:other"}, {Reference: "openai:text-embedding-3-small"}, {}, {Reference: "static:base"},
		{Name: "two spaces", Reference: "static:base", Query: "static:base?dimensions=64"},
	}, []Task{tiny()}, o)
	if err != nil || len(r.Failed()) != 5 || slices.Contains(r.Failed(), "static:base") {
		t.Errorf("failed %q, %v", r.Failed(), err)
	}
}

// TestPrefixes sees that documents, queries and pairs get what the model was trained to see.
func TestPrefixes(t *testing.T) {
	f := fake("a", nil)
	dir := t.TempDir()
	r, err := Compare(t.Context(), []Candidate{{Embedder: f, DocumentPrefix: "passage: ", QueryPrefix: "query: "}}, []Task{tiny(), tinyPairs()}, quick(dir))
	if err != nil || len(r.Failed()) != 0 {
		t.Fatal(err, r.Failed())
	}
	for text, want := range map[string]int{"passage: document about subject3 and more": 1, "query: what is subject3": 1, "query: sentence 3": 1, "what is subject3": 0} {
		if f.Billed(text) != want {
			t.Errorf("%q was embedded %d times", text, f.Billed(text))
		}
	}
	plain := fake("a", nil)
	compare(t, quick(dir), []Task{tiny()}, plain)
	if len(plain.Calls()) == 0 {
		t.Error("answers to prefixed texts were taken for those without a prefix")
	}
}

func TestNames(t *testing.T) {
	cs := named([]Candidate{
		{Reference: "openai:m?base_url=http://a/v1&dimensions=8"}, {Reference: "openai:n?base_url=http://a/v1"}, {Reference: "openai:n?base_url=http://b/v1"},
		{Name: "mine", Reference: "static:base"}, {Reference: "what?"}, {Embedder: fake("f", nil)},
	})
	want := []string{"openai:m?dimensions=8", "openai:n?base_url=http://a/v1", "openai:n?base_url=http://b/v1", "mine", "what?", "f"}
	for i, c := range cs {
		if c.Name != want[i] {
			t.Errorf("%q, want %q", c.Name, want[i])
		}
	}
}

// A recording is one file a candidate, named so that it can be known, with nothing of the query string but a digest.
func TestFileNames(t *testing.T) {
	a := Candidate{Reference: "openai:m?base_url=http://127.0.0.1:1/v1&space=x"}
	b := Candidate{Name: "other", Reference: "openai:m?space=x&base_url=http://127.0.0.1:1/v1"}
	c := Candidate{Reference: "openai:m?base_url=http://127.0.0.1:2/v1&space=x"}
	if a.file() != b.file() || a.file() == c.file() || !strings.HasPrefix(a.file(), "openai-m-") || filepath.Base(a.file()) != a.file() {
		t.Errorf("%s, %s, %s", a.file(), b.file(), c.file())
	}
	// How much is sent at once, and with which key, changes no answer: nothing is paid for again.
	d := Candidate{Reference: a.Reference + "&max_texts=8&max_tokens=900&key_env=OTHER", Query: "openai:q?max_texts=8"}
	e := Candidate{Reference: a.Reference, Query: "openai:q"}
	if d.file() != e.file() || d.file() == a.file() {
		t.Errorf("%s, %s, %s", d.file(), e.file(), a.file())
	}
	if weird := (Candidate{Reference: "x:../../" + strings.Repeat("é/", 300)}).file(); len(weird) > 90 || strings.ContainsAny(weird, `/\`) {
		t.Errorf("%s", weird)
	}
}

// TestPublished compares the local model on real sets with its published figures, and times what the project promises.
func TestPublished(t *testing.T) {
	dir := os.Getenv("EMBEDDING_TESTDATA")
	if dir == "" {
		t.Skip("NOT TESTED: EMBEDDING_TESTDATA is not set, so no published figure is held")
	}
	set, err := datasets.LoadRetrieval(filepath.Join(dir, "scifact"), "")
	if err != nil {
		t.Fatal(err)
	}
	en, err := datasets.LoadPairs(filepath.Join(dir, "stsb-multi-mt", "stsb-en-test.csv"))
	if err != nil {
		t.Fatal(err)
	}
	zh, err := datasets.LoadPairs(filepath.Join(dir, "stsb-multi-mt", "stsb-zh-test.csv"))
	if err != nil {
		t.Fatal(err)
	}
	o := quick(t.TempDir())
	r, err := Compare(t.Context(), []Candidate{{Reference: "static:base"}, {Reference: "static:base?dimensions=64"}},
		[]Task{{Retrieval: set}, {Pairs: en}, {Pairs: zh}}, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		task, row, metric string
		want, within      float64
	}{
		{"scifact", "static:base", "nDCG@10", .5475, .002},
		{"scifact", "static:base?dimensions=64", "nDCG@10", .3846, .002},
		{"scifact", "BM25", "nDCG@10", .675, .015},
		{"stsb-en-test", "static:base", "Spearman", .7758, .002},
		{"stsb-en-test", "static:base?dimensions=64", "Spearman", .7244, .002},
		{"stsb-zh-test", "static:base", "Spearman", .6955, .002},
		{"stsb-en-test", "3-grams in common", "Spearman", .6528766909, 1e-9},
		{"stsb-zh-test", "2-grams in common", "Spearman", .5271541829, 1e-9},
	} {
		if got := find(t, r, c.task, c.row).Scores[c.metric].Value; math.Abs(got-c.want) > c.within {
			t.Errorf("%s, %s: %s is %.4f, published %.4f", c.task, c.row, c.metric, got, c.want)
		}
	}
}
