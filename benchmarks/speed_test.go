package benchmarks

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vecspace/embedding"
	"github.com/vecspace/embedding/embedtest"
	"github.com/vecspace/embedding/internal/expect"
)

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
	if len(s) != 5 || s[0].Errors["rate limited"] != 5 || s[0].Requests != 10 {
		t.Fatalf("got %+v, want 5 measurements, the first with 10 requests and 5 rate limits", s)
	}
	again := fake("a", nil)
	if r := compare(t, o, []Task{tiny()}, again); len(again.Calls()) != 0 || r.Candidates[0].Speed[0].P50 != s[0].P50 {
		t.Error("what was measured before was measured again")
	}
	offline := Options{Dir: dir, Resamples: 200, NoDimensions: true, Offline: true}
	if r := compare(t, offline, []Task{tiny()}, again); len(r.Candidates[0].Speed) != 5 || len(again.Calls()) != 0 {
		t.Error("offline, what was measured is not shown")
	}
}

// If the largest measured batch is smaller than the model's limit, the report says so.
func TestLargestBatch(t *testing.T) {
	o := Options{Dir: t.TempDir(), Resamples: 200, NoDimensions: true, Speed: SpeedOptions{Requests: 2, Rate: 1000, Largest: 6}}
	r := compare(t, o, []Task{tiny()}, fake("a", nil))
	var sizes []int
	for _, s := range r.Candidates[0].Speed {
		sizes = append(sizes, s.Batch)
	}
	if !slices.Equal(sizes, []int{1, 1, 4, 6, 1}) || !strings.Contains(strings.Join(r.Notes, " "), "a takes 10 texts at once; its speed was measured with at most 6.") {
		t.Errorf("batches of %v, notes %q", sizes, r.Notes)
	}
}

// Every batch size sends the same texts, and a model without a price is measured for a second, not
// for 30 calls. A 99 % quantile needs 100 answers.
func TestThroughputOfTheSameTexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		sent := map[int]map[string]bool{} // documents by size of the batch
		f := embedtest.NewFake(embedtest.FakeOptions{
			Model: embedding.Model{ID: "free", Dimensions: 64, Limits: embedding.Limits{Texts: 16}},
			Script: func(c embedtest.Call) embedtest.Reply {
				mu.Lock()
				defer mu.Unlock()
				if c.Request.Task == embedding.TaskDocument {
					for _, text := range c.Request.Texts {
						if sent[len(c.Request.Texts)] == nil {
							sent[len(c.Request.Texts)] = map[string]bool{}
						}
						sent[len(c.Request.Texts)][text] = true
					}
				}
				return embedtest.Reply{Latency: 4 * time.Millisecond}
			},
		})
		task := tiny()
		for i := range task.Retrieval.Documents {
			task.Retrieval.Documents[i].Body += strings.Repeat(" and more", i*i)
		}
		r := &run{Options: Options{}.complete(), tasks: []*madeTask{{Task: task}}}
		dir := t.TempDir()
		r.Dir = dir
		c := r.enter(Candidate{Embedder: f})
		defer c.close()
		expect.NoError(t, r.speed(t.Context(), c))
		for _, s := range c.speeds {
			if s.Loop == "closed" && (s.Requests != 250 || s.P99 == 0) || s.Loop == "open" && s.P99 != 0 {
				t.Errorf("got %d %s requests of %d %s with the 99 %% quantile %v, want a second of them, and it only of 100 and more",
					s.Requests, s.Loop, s.Batch, s.Texts, s.P99)
			}
		}
		for _, n := range []int{1, 4, 16} {
			if len(sent[n]) != 16 || !maps.Equal(sent[n], sent[16]) {
				t.Errorf("batches of %d sent %d texts, want the 16 that the others send", n, len(sent[n]))
			}
		}
	})
}

func TestAlike(t *testing.T) {
	var texts []string
	for i := range 101 {
		texts = append(texts, strings.Repeat("x", i+1))
	}
	got := alike(texts, 11)
	lengths := map[int]bool{}
	for _, s := range got {
		lengths[len(s)] = true
	}
	if len(got) != 11 || len(lengths) != 11 || !lengths[46] || !lengths[56] || slices.IsSortedFunc(got, func(a, b string) int { return len(a) - len(b) }) {
		t.Errorf("got lengths %v, want 46 to 56 in no order", lengths)
	}
	expect.Equal(t, "texts", len(alike(texts[:3], 10)), 3)
}
